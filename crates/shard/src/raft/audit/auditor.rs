//! The audits of one replica: it hashes its state where the log says so, and keeps what it found last.

use super::digest::Pace;
use super::{Answer, Charge, Digest};
use crate::raft::{Meaning, StateMachine};
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wal::GroupId;

/// The auditor of one incarnation of a group.
pub(in crate::raft) struct Auditor<M> {
    machine: Arc<M>,
    group: GroupId,
    /// Held while a state is hashed: one of the node's at a time.
    turn: Arc<Semaphore>,
    last: Arc<Mutex<Option<Taken>>>,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// What this replica was taken out for, once it was.
    charged: watch::Sender<Option<Charge>>,
}

/// The audit that was begun last.
#[derive(Clone, Copy, Debug)]
struct Taken {
    index: u64,
    found: Found,
}

#[derive(Clone, Copy, Debug)]
enum Found {
    NotYet,
    Digest(Digest),
    Nothing,
}

/// Why a replica does not do as it is told.
#[derive(Debug, thiserror::Error)]
pub(in crate::raft) enum ChargeError {
    /// The leader names a hash that this replica did not make.
    #[error("it is charged with a hash at entry {0} that it has not made")]
    NotMine(u64),
    /// The note could not be written. The replica stops all the same, and may start again.
    #[error("it could not be noted that this replica is quarantined")]
    Note(#[from] io::Error),
}

impl<M: StateMachine> Auditor<M> {
    pub(in crate::raft) fn new(machine: Arc<M>, group: GroupId, turn: Arc<Semaphore>) -> Auditor<M> {
        let (last, stop, tasks) = (Arc::default(), CancellationToken::new(), TaskTracker::new());
        // A series that begins with its first mismatch has no increase, for which the alert looks.
        metrics::counter!("shard_audit_mismatches_total", "shard" => group.to_string()).increment(0);
        Auditor { machine, group, turn, last, stop, tasks, charged: watch::Sender::new(None) }
    }

    pub(in crate::raft) fn machine(&self) -> &Arc<M> {
        &self.machine
    }

    /// Begins to hash the state, which is that at `index`: nothing may be applied meanwhile. Left out while the last one is
    /// hashed still.
    pub(in crate::raft) fn begin(&self, index: u64) {
        let mut last = self.last.lock();
        if last.is_some_and(|last| matches!(last.found, Found::NotYet)) {
            tracing::info!(group = %self.group, index, "left an audit out: the last one is not done");
            return;
        }
        let meaning = match self.machine.meaning() {
            Ok(meaning) => meaning,
            Err(error) => {
                tracing::error!(group = %self.group, index, %error, "the state cannot be read for an audit");
                *last = Some(Taken { index, found: Found::Nothing });
                return;
            }
        };
        debug_assert_eq!(meaning.position.index, index, "nothing was applied since");
        *last = Some(Taken { index, found: Found::NotYet });
        let (group, turn, stop, last) = (self.group, self.turn.clone(), self.stop.clone(), self.last.clone());
        self.tasks.spawn(async move {
            let Some(Ok(_turn)) = stop.run_until_cancelled(turn.acquire()).await else { return };
            let rules = meaning.rules;
            let found = match spawn_blocking(move || hash(meaning, &stop)).await {
                Ok(Ok(Some(hash))) => Found::Digest(Digest { rules, hash }),
                Ok(Ok(None)) => Found::Nothing,
                Ok(Err(error)) => {
                    tracing::error!(%group, index, %error, "the state could not be hashed for an audit");
                    Found::Nothing
                }
                Err(error) => {
                    tracing::error!(%group, index, %error, "hashing the state for an audit panicked");
                    Found::Nothing
                }
            };
            *last.lock() = Some(Taken { index, found });
        });
    }

    /// The hash at an entry. `applied` is what this replica has applied by now.
    pub(in crate::raft) fn answer(&self, index: u64, applied: Option<u64>) -> Answer {
        match &*self.last.lock() {
            Some(Taken { index: at, found }) if *at == index => match *found {
                Found::NotYet => Answer::Later,
                Found::Digest(digest) => Answer::Hashed(digest),
                Found::Nothing => Answer::Never,
            },
            _ if applied.is_none_or(|applied| applied < index) => Answer::Later,
            _ => Answer::Never,
        }
    }

    /// Takes this replica out. When it returns, that is on disk, or could not be written, and the group is about to end.
    pub(in crate::raft) async fn quarantine(&self, charge: Charge) -> Result<(), ChargeError> {
        let mine = Answer::Hashed(Digest { rules: charge.rules, hash: charge.own });
        if self.answer(charge.index, None) != mine || charge.expected == charge.own {
            return Err(ChargeError::NotMine(charge.index));
        }
        let (machine, charged, group) = (self.machine.clone(), self.charged.clone(), self.group);
        // In a task of its own: who asks for it may go away, and half of it must not be done.
        let noting = self.tasks.spawn_blocking(move || {
            let noted = machine.quarantine(charge.encode());
            if let Err(error) = &noted {
                tracing::error!(%group, %error, "a quarantine could not be noted; a restart will forget it");
            }
            charged.send_replace(Some(charge));
            noted
        });
        Ok(noting.await.map_err(io::Error::other)??)
    }

    /// Waits until this replica is taken out, and says what for.
    pub(in crate::raft) async fn charged(&self) -> Charge {
        let mut charged = self.charged.subscribe();
        let told = charged.wait_for(Option::is_some).await;
        // The sender is here, so that it never closes.
        match told.ok().and_then(|charge| *charge) {
            Some(charge) => charge,
            None => std::future::pending().await,
        }
    }

    /// Ends what is hashed. When it returns, nothing of it reads the machine any more.
    pub(in crate::raft) async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn hash(meaning: Meaning, stop: &CancellationToken) -> io::Result<Option<base::Hash>> {
    let mut pace = Pace::begin();
    meaning.hash(|| {
        pace.rest();
        !stop.is_cancelled()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::{Applicable, Kind, MemoryMachine, Position};
    use base::Hash;
    use bytes::Bytes;

    fn entry(index: u64) -> Applicable {
        let position = Position { term: 1, node: 1, index };
        Applicable { position, kind: Kind::Commands(Bytes::from(format!("{index}"))) }
    }

    fn auditor(turn: &Arc<Semaphore>) -> Auditor<MemoryMachine> {
        let machine = Arc::new(MemoryMachine::default());
        machine.apply(vec![entry(1)]).unwrap();
        Auditor::new(machine, GroupId(1), turn.clone())
    }

    async fn until_hashed(auditor: &Auditor<MemoryMachine>, index: u64) -> Digest {
        loop {
            match auditor.answer(index, Some(index)) {
                Answer::Hashed(digest) => return digest,
                Answer::Later => tokio::task::yield_now().await,
                Answer::Never => panic!("it was left out"),
            }
        }
    }

    #[tokio::test]
    async fn what_is_hashed_is_the_state_at_that_entry() {
        let turn = Arc::new(Semaphore::new(1));
        let (one, other) = (auditor(&turn), auditor(&turn));
        let held = turn.clone().acquire_owned().await.unwrap();
        one.begin(1);
        one.machine().apply(vec![entry(2)]).unwrap();
        assert_eq!(one.answer(1, Some(2)), Answer::Later, "it waits for its turn");
        one.begin(2);
        assert_eq!(one.answer(2, Some(2)), Answer::Never, "the last one is not done");
        drop(held);
        other.begin(1);
        assert_eq!(until_hashed(&one, 1).await, until_hashed(&other, 1).await);
        assert_eq!(one.answer(3, Some(2)), Answer::Later, "it has not come so far");
        one.begin(2);
        assert_ne!(until_hashed(&one, 2).await, until_hashed(&other, 1).await);
        assert_eq!(one.answer(1, Some(2)), Answer::Never, "only the last one is kept");
        one.shutdown().await;
        other.shutdown().await;
    }

    #[tokio::test]
    async fn a_replica_goes_only_for_the_hash_that_it_has_made() {
        let auditor = auditor(&Arc::new(Semaphore::new(1)));
        auditor.begin(1);
        let Digest { rules, hash: own } = until_hashed(&auditor, 1).await;
        let charge = Charge { index: 1, rules, expected: Hash([1; 32]), own };
        for wrong in [
            Charge { index: 2, ..charge },
            Charge { rules: rules + 1, ..charge },
            Charge { own: Hash([2; 32]), ..charge },
            Charge { expected: own, ..charge },
        ] {
            assert!(matches!(auditor.quarantine(wrong).await, Err(ChargeError::NotMine(_))), "{wrong:?}");
        }
        assert_eq!(auditor.machine().quarantined().unwrap(), None);
        auditor.quarantine(charge).await.unwrap();
        assert_eq!(auditor.charged().await, charge);
        let note = auditor.machine().quarantined().unwrap().unwrap();
        assert_eq!(Charge::decode(&note).unwrap(), charge);
        auditor.shutdown().await;
    }

    #[tokio::test]
    async fn a_shutdown_does_not_wait_for_a_turn() {
        let turn = Arc::new(Semaphore::new(1));
        let _held = turn.clone().acquire_owned().await.unwrap();
        let auditor = auditor(&turn);
        auditor.begin(1);
        auditor.shutdown().await;
        assert_eq!(auditor.answer(1, Some(1)), Answer::Later);
    }
}
