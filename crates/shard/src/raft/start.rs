//! What is looked at before a group may start: whether log and store are the ones that were written together.

use super::applier::Applier;
use super::error::StartError;
use super::log_store::LogStore;
use super::types::TypeConfig;
use super::{Position, StateMachine};
use openraft::StorageHelper;
use std::collections::BTreeSet;
use std::io;
use tokio::sync::oneshot;
use wal::{GroupId, Wal};

/// Waits until all that was submitted for the group is on disk. A group that died may have left entries in the log's queue,
/// and openraft takes what it finds in its log for flushed.
pub(super) async fn settled(wal: &Wal, group: GroupId) -> io::Result<()> {
    let (tell, told) = oneshot::channel();
    // Nobody listens any more if the start was given up.
    let done = Box::new(move |synced| drop(tell.send(synced)));
    wal.append(group, Vec::new(), done).map_err(io::Error::other)?;
    told.await.map_err(|_| io::Error::other("the log was closed before it was written"))?
}

/// Who votes, by log and store; nobody in a group that this node knows nothing of.
pub(super) async fn voters<M: StateMachine>(
    log: &mut LogStore,
    applier: &mut Applier<M>,
) -> Result<BTreeSet<u64>, StartError> {
    let mut storage = StorageHelper::<TypeConfig<M::Outcome>, _, _>::new(log, applier);
    let membership = storage.get_membership().await.map_err(|e| StartError::Raft(e.to_string()))?;
    Ok(membership.effective().voter_ids().collect())
}

/// With one voter nothing is applied that is not durable in the log, and nothing is purged that is not durable in the
/// store. Otherwise they are not the ones that were written together.
pub(super) async fn log_and_store_fit<M: StateMachine>(
    log: &LogStore,
    machine: &M,
) -> Result<(), StartError> {
    let last = log.last().await?.map(Position::from);
    let applied = machine.applied()?;
    match applied {
        Some(applied) if last.is_none_or(|last| last.index < applied.index) => {
            Err(StartError::LogBehindStore { applied, last })
        }
        applied => store_reaches_log(log, applied),
    }
}

/// With several voters an entry may be applied before it is in the own log for good: the quorum was made by others. So the
/// log may end before the store after a crash; openraft goes on from the store then. But the log of a replica that has
/// applied an entry knows of the leader that made it, because a vote goes to disk before any entry in its name; a log
/// that does not is not the one that was written with this store, and with it the promises of this node are gone.
pub(super) fn replica_fits<M: StateMachine>(log: &LogStore, machine: &M) -> Result<(), StartError> {
    let applied = machine.applied()?;
    let promised = log.vote()?.map(|vote| vote.leader_id.term);
    match applied {
        // Founding writes one entry before anybody voted, in term 0.
        Some(applied) if applied.term > 0 && promised.is_none_or(|term| term < applied.term) => {
            Err(StartError::LogLost { applied })
        }
        applied => store_reaches_log(log, applied),
    }
}

fn store_reaches_log(log: &LogStore, applied: Option<Position>) -> Result<(), StartError> {
    let purged = log.purged()?.map(Position::from);
    match purged.filter(|purged| applied.is_none_or(|applied| applied.index < purged.index)) {
        Some(purged) => Err(StartError::StoreBehindLog { applied, purged }),
        None => Ok(()),
    }
}
