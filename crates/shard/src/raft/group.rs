//! One Raft group on this node, from start to shutdown.
//!
//! A group is one incarnation: it ends with a fatal error or with [`Group::shutdown`], and never starts again. The
//! [`super::Supervisor`] builds the next one from the same log and machine. What it does meanwhile is in files of its
//! own: `propose`, `reading`, `compact`, `serve`, `members`, `leadership`.

use super::applier::Applier;
use super::audit::{Auditor, Charge};
use super::clock::Suspension;
use super::error::StartError;
use super::following::Following;
use super::hearing::Hearing;
use super::log_store::LogStore;
use super::network::{Connections, Network};
use super::start::{log_and_store_fit, replica_fits, settled, voters};
use super::status::Status;
use super::types::TypeConfig;
use super::{Founding, Position, StateMachine, timing};
use openraft::async_runtime::watch::WatchReceiver;
use openraft::metrics::RaftServerMetrics;
use openraft::type_config::alias::WatchReceiverOf;
use openraft::{BasicNode, Raft, RaftMetrics};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::{Mutex, oneshot};
use wal::{GroupId, Wal};

/// What a group is made of.
pub struct GroupConfig<M> {
    /// Which of the logs in the shared log is its own.
    pub group: GroupId,
    /// This node.
    pub node: u64,
    /// The node's shared log.
    pub wal: Wal,
    /// What recovery found wrong with the log of this group. A damaged log may have lost a promise that this node made,
    /// so that the group does not start from it; it joins again under a new id.
    pub damage: Option<String>,
    /// What the log is applied to.
    pub machine: Arc<M>,
    /// How it begins if there is nothing of it yet.
    pub founding: Founding,
    /// The end of the log of an earlier replica of the group on this node, which left ([`super::Promise`]). Its vote is in
    /// the log already.
    pub promised: Option<Position>,
    /// The way to the other nodes.
    pub network: Network,
}

impl<M> GroupConfig<M> {
    /// A group of this node alone.
    pub fn alone(group: GroupId, node: u64, wal: Wal, machine: Arc<M>) -> GroupConfig<M> {
        let network = Network::alone(base::NodeId(node));
        let founding = Founding::alone(node);
        GroupConfig { group, node, wal, damage: None, machine, founding, promised: None, network }
    }
}

impl<M> Clone for GroupConfig<M> {
    fn clone(&self) -> Self {
        let GroupConfig { group, node, wal, damage, machine, founding, promised, network } = self;
        GroupConfig {
            group: *group,
            node: *node,
            wal: wal.clone(),
            damage: damage.clone(),
            machine: machine.clone(),
            founding: founding.clone(),
            promised: *promised,
            network: network.clone(),
        }
    }
}

pub(super) type Config<M> = TypeConfig<<M as StateMachine>::Outcome>;

/// A running group. Whoever starts one also calls [`Group::shutdown`]: its tasks do not end with the handle.
pub struct Group<M: StateMachine> {
    pub(super) node: u64,
    pub(super) raft: Raft<Config<M>, Applier<M>>,
    pub(super) metrics: WatchReceiverOf<Config<M>, RaftMetrics<Config<M>>>,
    pub(super) log: LogStore,
    pub(super) machine: Arc<M>,
    pub(super) network: Network,
    pub(super) suspension: Suspension,
    pub(super) following: Following,
    pub(super) hearing: Arc<Hearing>,
    pub(super) auditor: Arc<Auditor<M>>,
    /// The last term in which this node gave way as the leader; 0 for none.
    pub(super) gave_way_in: Arc<AtomicU64>,
    /// Ends when openraft has let go of the machine.
    released: Mutex<oneshot::Receiver<()>>,
}

/// Why a group has ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Of an error.
    Died(String),
    /// Its state is not that of the majority, and it is not to start again.
    Quarantined(String),
}

/// What a group does first.
enum First {
    /// It is made here, with these voters.
    Found(BTreeSet<u64>),
    /// Its only voter leads at once.
    Claim,
    /// It waits for a leader, or for the silence after which it stands for election.
    Wait,
}

impl<M: StateMachine> Group<M> {
    /// Starts a group from what its log and its machine hold; one of which there is nothing begins as its founding says.
    pub async fn start(config: GroupConfig<M>) -> Result<Group<M>, StartError> {
        let GroupConfig { group, node, wal, damage, machine, founding, promised, network } = config;
        if let Some(charge) = machine.quarantined()? {
            let charge = Charge::decode(&charge).map_err(std::io::Error::from)?;
            return Err(StartError::Quarantined { group: group.0, charge: charge.to_string() });
        }
        if let Some(what) = damage {
            return Err(StartError::DamagedLog { what });
        }
        let settings =
            timing::settings(format!("group {group}")).map_err(|e| StartError::Raft(e.to_string()))?;
        settled(&wal, group).await?;
        let mut log = LogStore::new(wal, group, promised.map(Into::into));
        let auditor = Arc::new(Auditor::new(machine.clone(), group, network.0.hashing.clone()));
        let (mut applier, released) = Applier::new(auditor.clone());

        let voters = voters(&mut log, &mut applier).await?;
        let voted = promised.is_some() || log.vote()?.is_some();
        let first = first(node, &voters, voted, founding)?;
        match first {
            First::Claim | First::Found(_) => log_and_store_fit(&log, &*machine).await?,
            First::Wait => replica_fits(&log, &*machine)?,
        }

        let connections = Connections { network: network.0.clone(), group: group.0 };
        let raft = Raft::build(node, Arc::new(settings), connections, log.clone(), applier)
            .await
            .map_err(|fatal| StartError::Raft(fatal.to_string()))?;
        if network.0.holds_still {
            tokio::time::sleep(timing::start_delay(node, &voters, voted)).await;
        }
        raft.run();
        let metrics = raft.metrics();
        let group = Group {
            node,
            raft,
            metrics,
            log,
            machine,
            network,
            suspension: Suspension::watch(),
            following: Following::default(),
            hearing: Arc::default(),
            auditor,
            gave_way_in: Arc::default(),
            released: Mutex::new(released),
        };
        let begun = match first {
            First::Found(voters) => group.found(voters).await,
            First::Claim => group.claim().await,
            First::Wait => Ok(()),
        };
        if begun.is_err() {
            group.shutdown().await;
        }
        begun.map(|()| group)
    }

    /// Makes a group that never had a voter.
    async fn found(&self, voters: BTreeSet<u64>) -> Result<(), StartError> {
        let voters: std::collections::BTreeMap<_, _> =
            voters.into_iter().map(|voter| (voter, BasicNode::default())).collect();
        self.raft.initialize(voters).await.map_err(|e| StartError::Raft(e.to_string()))
    }

    /// The only voter need not wait for silence before it stands for election: nobody else can lead.
    async fn claim(&self) -> Result<(), StartError> {
        self.raft.trigger().elect(false).await.map_err(|e| StartError::Raft(e.to_string()))
    }

    /// Where the group stands.
    pub fn status(&self) -> Status {
        Status::of(&self.metrics.borrow_watched(), &self.log)
    }

    /// The term that this node is in.
    pub(super) fn term(&self) -> u64 {
        self.metrics.borrow_watched().current_term
    }

    /// Changes with its role, its term, its leader and its members.
    pub(super) fn server_metrics(&self) -> WatchReceiverOf<Config<M>, RaftServerMetrics<Config<M>>> {
        self.raft.server_metrics()
    }

    /// Waits until the group has ended, and says why.
    pub async fn ended(&self) -> Ended {
        tokio::select! {
            reason = self.died() => Ended::Died(reason),
            charge = self.auditor.charged() => Ended::Quarantined(charge.to_string()),
        }
    }

    async fn died(&self) -> String {
        // Leadership and membership change seldom, so this wakes seldom; it closes when the group's task ends.
        let mut watched = self.server_metrics();
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
        self.auditor.shutdown().await;
    }
}

/// What to do first, by the voters that log and store name, and whether this node ever voted.
fn first(node: u64, voters: &BTreeSet<u64>, voted: bool, founding: Founding) -> Result<First, StartError> {
    if !voters.is_empty() {
        let alone = voters.iter().all(|&voter| voter == node);
        return Ok(if alone { First::Claim } else { First::Wait });
    }
    match founding {
        // Whoever was asked for a vote is in somebody else's group already.
        Founding::Found { .. } if voted => Ok(First::Wait),
        Founding::Found { voters } if voters.contains(&node) => Ok(First::Found(voters)),
        Founding::Found { voters } => {
            Err(StartError::NotAFounder { node, voters: voters.into_iter().collect() })
        }
        Founding::Join => Ok(First::Wait),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_log_says_goes_before_what_placement_says() {
        let set = |voters: &[u64]| BTreeSet::from_iter(voters.iter().copied());
        let found = || Founding::Found { voters: set(&[1, 2, 3]) };
        let check = |voters: &[u64], voted, founding| first(1, &set(voters), voted, founding);
        assert!(matches!(check(&[], false, found()), Ok(First::Found(voters)) if voters == set(&[1, 2, 3])));
        assert!(matches!(check(&[], false, Founding::Join), Ok(First::Wait)));
        assert!(matches!(check(&[], true, found()), Ok(First::Wait)));
        assert!(matches!(check(&[1, 4], true, found()), Ok(First::Wait)));
        assert!(matches!(check(&[4], false, found()), Ok(First::Wait)));
        assert!(matches!(check(&[1], true, Founding::Join), Ok(First::Claim)));
        let others = Founding::Found { voters: set(&[2, 3]) };
        assert!(matches!(check(&[], false, others), Err(StartError::NotAFounder { node: 1, .. })));
    }
}
