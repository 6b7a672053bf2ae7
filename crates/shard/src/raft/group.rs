//! One Raft group on this node, from start to shutdown.
//!
//! A group is one incarnation: it ends with a fatal error or with [`Group::shutdown`], and never starts again. The
//! [`super::Supervisor`] builds the next one from the same log and machine.

use super::applier::Applier;
use super::error::{CompactError, ProposeError, ReadError, StartError};
use super::lease::Leadership;
use super::log_store::LogStore;
use super::network::NoPeers;
use super::reply::{Reply, refusal};
use super::status::Status;
use super::types::{LeaderId, Payload, TypeConfig, Vote};
use super::{Position, StateMachine, timing};
use bytes::Bytes;
use futures::TryStreamExt;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::errors::{LinearizableReadError, RaftError};
use openraft::type_config::alias::WatchReceiverOf;
use openraft::{BasicNode, Instant, Raft, RaftMetrics, ReadPolicy, StorageHelper};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use tokio::sync::{Mutex, oneshot};
use wal::{GroupId, Wal};

/// The applied entries nearest to the end that are never purged: openraft must not lose an entry that it is about to
/// apply. It applies what is committed in batches, and only a few of them are on their way; of the largest entries that
/// a proposer makes, so many are 16 MiB.
const KEPT_AT_LEAST: u64 = 64;

/// What a group is made of.
pub struct GroupConfig<M> {
    /// Which of the logs in the shared log is its own.
    pub group: GroupId,
    /// This node.
    pub node: u64,
    /// The node's shared log.
    pub wal: Wal,
    /// What the log is applied to.
    pub machine: Arc<M>,
}

impl<M> Clone for GroupConfig<M> {
    fn clone(&self) -> Self {
        let GroupConfig { group, node, wal, machine } = self;
        GroupConfig { group: *group, node: *node, wal: wal.clone(), machine: machine.clone() }
    }
}

/// How far a log was shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// The last entry in the snapshot, if anything was ever applied.
    pub snapshot: Option<u64>,
    /// The last entry that is dropped from the log, or will be as soon as nobody reads it any more. A group that stops
    /// first still has it.
    pub purged: Option<u64>,
}

type Config<M> = TypeConfig<<M as StateMachine>::Outcome>;

/// A running group. Whoever starts one also calls [`Group::shutdown`]: its tasks do not end with the handle.
pub struct Group<M: StateMachine> {
    node: u64,
    raft: Raft<Config<M>, Applier<M>>,
    metrics: WatchReceiverOf<Config<M>, RaftMetrics<Config<M>>>,
    log: LogStore,
    machine: Arc<M>,
    /// Ends when openraft has let go of the machine.
    released: Mutex<oneshot::Receiver<()>>,
}

impl<M: StateMachine> Group<M> {
    /// Starts a group from what its log and its machine hold. An empty one begins with this node as its only voter.
    pub async fn start(config: GroupConfig<M>) -> Result<Group<M>, StartError> {
        let GroupConfig { group, node, wal, machine } = config;
        let settings =
            timing::settings(format!("group {group}")).map_err(|e| StartError::Raft(e.to_string()))?;
        settled(&wal, group).await?;
        let mut log = LogStore::new(wal, group);
        let (mut applier, released) = Applier::new(machine.clone());

        let voters = voters(&mut log, &mut applier).await?;
        let alone = voters.iter().all(|&voter| voter == node);
        if alone {
            log_and_store_fit(&log, &*machine).await?;
        }

        let raft = Raft::build(node, Arc::new(settings), NoPeers, log.clone(), applier)
            .await
            .map_err(|fatal| StartError::Raft(fatal.to_string()))?;
        tokio::time::sleep(timing::start_delay(node, &voters)).await;
        raft.run();
        let metrics = raft.metrics();
        let group = Group { node, raft, metrics, log, machine, released: Mutex::new(released) };
        let led = match (alone, voters.is_empty()) {
            (true, true) => group.found().await,
            (true, false) => group.claim().await,
            (false, _) => Ok(()),
        };
        if led.is_err() {
            group.shutdown().await;
        }
        led.map(|()| group)
    }

    /// Makes this node the first voter of a group that never had one.
    async fn found(&self) -> Result<(), StartError> {
        let voters = BTreeMap::from([(self.node, BasicNode::default())]);
        self.raft.initialize(voters).await.map_err(|e| StartError::Raft(e.to_string()))
    }

    /// The only voter need not wait for silence before it stands for election: nobody else can lead.
    async fn claim(&self) -> Result<(), StartError> {
        self.raft.trigger().elect(false).await.map_err(|e| StartError::Raft(e.to_string()))
    }

    /// Proposes entries, which will follow each other in the log, and waits until all are applied.
    ///
    /// Dropping the future withdraws nothing: the entries may still be applied.
    pub async fn propose(&self, entries: Vec<Bytes>) -> Result<Vec<M::Outcome>, ProposeError> {
        match <[Bytes; 1]>::try_from(entries) {
            Ok([only]) => self.propose_one(only).await.map(|outcome| vec![outcome]),
            Err(entries) => self.propose_many(entries).await,
        }
    }

    async fn propose_one(&self, entry: Bytes) -> Result<M::Outcome, ProposeError> {
        let (reply, answer) = Reply::new();
        let sent = self.raft.client_write_ff(Payload(entry), Some(reply)).await;
        sent.map_err(|_| ProposeError::Stopped)?;
        let written = answer.await.map_err(|_| ProposeError::Unknown)?;
        written.map(|written| written.data).map_err(refusal)
    }

    /// All in one message, so that they are taken into the log together or not at all.
    async fn propose_many(&self, entries: Vec<Bytes>) -> Result<Vec<M::Outcome>, ProposeError> {
        let mut outcomes = Vec::with_capacity(entries.len());
        let sent = self.raft.client_write_many(entries.into_iter().map(Payload)).await;
        let mut answers = sent.map_err(|_| ProposeError::Stopped)?;
        while let Some(answer) = answers.try_next().await.map_err(|_| ProposeError::Unknown)? {
            outcomes.push(answer.map_err(refusal)?.response);
        }
        Ok(outcomes)
    }

    /// Whether this node may answer a read at once from what it has applied. Cheap: no message to anyone.
    pub fn leads_with_lease(&self) -> bool {
        let metrics = self.metrics.borrow_watched();
        let [voters] = metrics.membership_config.membership().get_joint_config().as_slice() else {
            return false;
        };
        // The vote on disk may still be the one that this node won in an earlier life.
        let present = LeaderId { term: metrics.current_term, node_id: self.node };
        let leadership = Leadership {
            elected: metrics.state.is_leader()
                && metrics.vote == Vote { leader_id: present, committed: true },
            caught_up: metrics.last_applied.is_some_and(|applied| applied.leader_id == present),
            alone: voters.len() == 1 && voters.contains(&self.node),
            silence: metrics.last_quorum_acked.map(|at| at.elapsed()),
        };
        leadership.may_read()
    }

    /// Waits until this node has applied everything that was acknowledged by anyone before the call, if it leads.
    pub async fn read_barrier(&self) -> Result<(), ReadError> {
        match self.raft.ensure_linearizable(ReadPolicy::ReadIndex).await {
            Ok(_) => Ok(()),
            Err(RaftError::APIError(LinearizableReadError::ForwardToLeader(forward))) => {
                Err(ReadError::NotLeader { leader: forward.leader_id })
            }
            Err(RaftError::APIError(LinearizableReadError::QuorumNotEnough(_))) => Err(ReadError::NoQuorum),
            Err(RaftError::Fatal(_)) => Err(ReadError::Stopped),
        }
    }

    /// Where the group stands.
    pub fn status(&self) -> Status {
        Status::of(&self.metrics.borrow_watched(), self.log.appended_bytes())
    }

    /// Makes the store durable and drops what it then holds from the log, but for the last `keep` entries.
    pub async fn snapshot_and_purge(&self, keep: u64) -> Result<Compacted, CompactError> {
        let snapshot = self.snapshot().await?;
        let durable = self.machine.durable()?.map(|position| position.index);
        let purged = self.status().purged;
        let target = purge_target(snapshot.min(durable), keep).filter(|&upto| Some(upto) > purged);
        if let Some(upto) = target {
            self.raft.trigger().purge_log(upto).await.map_err(|_| CompactError::Stopped)?;
        }
        Ok(Compacted { snapshot, purged: target.or(purged) })
    }

    /// Takes a snapshot unless the last one holds everything; the last entry in it.
    async fn snapshot(&self) -> Result<Option<u64>, CompactError> {
        let Status { snapshot: before, applied, .. } = self.status();
        if applied <= before {
            return Ok(before);
        }
        self.raft.trigger().snapshot().await.map_err(|_| CompactError::Stopped)?;
        let metrics = self.raft.wait(None);
        let newer = metrics.metrics(|now| now.snapshot.map(|id| id.index) > before, "a newer snapshot");
        let metrics = newer.await.map_err(|_| CompactError::Stopped)?;
        Ok(metrics.snapshot.map(|id| id.index))
    }

    /// Waits until the group has ended, and says why.
    pub async fn ended(&self) -> String {
        // Leadership and membership change seldom, so this wakes seldom; it closes when the group's task ends.
        let mut watched = self.raft.server_metrics();
        while watched.changed().await.is_ok() {}
        self.status().fatal.unwrap_or_else(|| "the group's task panicked".to_owned())
    }

    /// Stops the group. When it returns, nothing of it touches the log or changes the machine any more; a snapshot that is
    /// being taken may still read it.
    pub async fn shutdown(&self) {
        if let Err(error) = self.raft.shutdown().await {
            tracing::warn!(group = %self.log.group, %error, "the group's task ended badly");
        }
        // An error is what is waited for: the other end was dropped.
        let _released = (&mut *self.released.lock().await).await;
    }
}

/// Waits until all that was submitted for the group is on disk. A group that died may have left entries in the log's queue,
/// and openraft takes what it finds in its log for flushed.
async fn settled(wal: &Wal, group: GroupId) -> io::Result<()> {
    let (tell, told) = oneshot::channel();
    // Nobody listens any more if the start was given up.
    let done = Box::new(move |synced| drop(tell.send(synced)));
    wal.append(group, Vec::new(), done).map_err(io::Error::other)?;
    told.await.map_err(|_| io::Error::other("the log was closed before it was written"))?
}

/// Who votes, by log and store; nobody in a group that was never founded.
async fn voters<M: StateMachine>(
    log: &mut LogStore,
    applier: &mut Applier<M>,
) -> Result<BTreeSet<u64>, StartError> {
    let mut storage = StorageHelper::<Config<M>, _, _>::new(log, applier);
    let membership = storage.get_membership().await.map_err(|e| StartError::Raft(e.to_string()))?;
    Ok(membership.effective().voter_ids().collect())
}

/// With one voter nothing is applied that is not durable in the log, and nothing is purged that is not durable in the
/// store. Otherwise they are not the ones that were written together.
async fn log_and_store_fit<M: StateMachine>(log: &LogStore, machine: &M) -> Result<(), StartError> {
    let last = log.last().await?.map(Position::from);
    let purged = log.purged()?.map(Position::from);
    match machine.applied()? {
        Some(applied) if last.is_none_or(|last| last.index < applied.index) => {
            Err(StartError::LogBehindStore { applied, last })
        }
        applied => match purged.filter(|purged| applied.is_none_or(|applied| applied.index < purged.index)) {
            Some(purged) => Err(StartError::StoreBehindLog { applied, purged }),
            None => Ok(()),
        },
    }
}

/// The last entry that may go when everything up to `held` is durable elsewhere.
fn purge_target(held: Option<u64>, keep: u64) -> Option<u64> {
    held?.checked_sub(keep.max(KEPT_AT_LEAST))
}
