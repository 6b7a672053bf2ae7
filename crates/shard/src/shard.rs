//! One shard of this node: its group, its machine, and the way into its log.

use crate::documents::{elsewhere, unavailable, unread};
use crate::machine::Machine;
use crate::proposer::Proposer;
use crate::raft::{Fresh, GroupHandle, Phase, ReadError, Role, Status};
use crate::reign::{Present, Reign, other_leader};
use base::{NodeId, ShardId};
use rpc::{Refusal, Revision, ShardHealth, ShardState};
use std::sync::Arc;
use std::time::Duration;
use wal::{Room, Wal};

/// How long a reader waits for a place in the log that was named.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(1);

/// A shard that this node holds.
pub struct Shard {
    /// Which.
    pub id: ShardId,
    /// This node.
    pub node: NodeId,
    /// Its Raft group.
    pub group: GroupHandle<Machine>,
    /// What its log is applied to.
    pub machine: Arc<Machine>,
    /// The way into its log.
    pub proposer: Proposer,
    /// The reign of this node over it.
    pub present: Present,
    /// The log of the node, for the room that is left on its disk.
    pub wal: Wal,
}

impl Shard {
    /// Makes sure that everything acknowledged before this call is applied here.
    pub async fn ready_to_read(&self) -> Result<(), Refusal> {
        if self.group.leads_with_lease() {
            return Ok(());
        }
        self.group.read_barrier().await.map_err(|error| match error {
            ReadError::NotLeader { leader } => elsewhere(self.id, leader.or_else(|| self.other_leader())),
            error => unread(self.id, &error),
        })
    }

    /// Where everything that was ever visible here is there. Asked for after reading.
    pub fn revision(&self) -> Revision {
        Revision { shard: self.id, index: self.machine.reached() }
    }

    /// Makes sure that the entry at `index` is applied here, whoever leads. Where another node does, the answer says how long
    /// what is read may be shown.
    pub async fn ready_to_read_at(&self, index: u64) -> Result<Option<Fresh>, Refusal> {
        let leads = |status: Status| status.role == Role::Leader;
        if !self.group.leads_with_lease() && !self.group.status().is_some_and(leads) {
            let fresh = self.group.follow(index, CAUGHT_UP_WITHIN).await;
            return fresh.map(Some).map_err(|_| elsewhere(self.id, self.other_leader()));
        }
        self.ready_to_read().await?;
        if let Some(newest) = self.led_to()
            && index > newest
        {
            return Err(Refusal::UnknownRevision { asked: index, newest });
        }
        let applied = self.group.until_applied(index, CAUGHT_UP_WITHIN).await;
        applied.map_err(|_| unavailable(self.id, format!("it has not come to {index} in its log")))?;
        Ok(None)
    }

    /// How far the log goes, if this node leads with a lease, which it has only once it has applied an entry of its own term:
    /// nobody has ever shown what is beyond that.
    fn led_to(&self) -> Option<u64> {
        let term = self.group.lease_in()?;
        let status = self.group.status()?;
        // What is told of the log may be behind what is on the disk and in the store.
        let newest = [status.last, status.durable, Some(self.machine.reached())].into_iter().flatten().max();
        newest.filter(|_| self.group.lease_in() == Some(term))
    }

    /// What was read may be shown still.
    pub fn still_fresh(&self, fresh: Option<Fresh>) -> Result<(), Refusal> {
        match fresh {
            Some(fresh) if !fresh.lasts() => Err(elsewhere(self.id, self.other_leader())),
            _ => Ok(()),
        }
    }

    /// Whether commands may be made here now.
    pub fn ready_to_write(&self) -> Result<(), Refusal> {
        if self.reigns() { Ok(()) } else { Err(self.not_here()) }
    }

    /// The reign under which documents are followed from now on, if this node may say now what is stored.
    pub fn reign(&self) -> Result<Arc<Reign>, Refusal> {
        self.present_reign().filter(|reign| reign.holds()).ok_or_else(|| self.not_here())
    }

    /// The reign that is not over yet, whether or not it holds at this moment.
    pub fn present_reign(&self) -> Option<Arc<Reign>> {
        self.present.borrow().clone()
    }

    /// That nothing was done here because this node does not lead.
    pub fn not_led(&self) -> Refusal {
        elsewhere(self.id, self.other_leader())
    }

    fn reigns(&self) -> bool {
        self.present.borrow().as_ref().is_some_and(|reign| reign.holds())
    }

    fn not_here(&self) -> Refusal {
        match self.other_leader() {
            Some(leader) => elsewhere(self.id, Some(leader)),
            None => unavailable(self.id, "it is starting or has no leader".to_owned()),
        }
    }

    fn other_leader(&self) -> Option<u64> {
        other_leader(&self.group, self.node)
    }

    /// Refuses writes while the disk is nearly full, so that what is accepted never meets a full one.
    pub fn room_to_write(&self) -> Result<(), Refusal> {
        match self.wal.room() {
            Room::Enough => Ok(()),
            Room::Low { spare } => Err(Refusal::DiskFull { spare }),
        }
    }

    /// How it is.
    pub fn health(&self) -> ShardHealth {
        let starting = ShardState::Starting { retry_after: crate::documents::RETRY_AFTER };
        let state = match self.group.phase() {
            Phase::Running(_) if self.reigns() => ShardState::Serving,
            // One that was heard of long ago may be gone.
            Phase::Running(group) => match self.other_leader().filter(|_| group.hears_leader()) {
                Some(leader) => ShardState::Following { leader: NodeId(leader) },
                None => starting,
            },
            Phase::Starting | Phase::Rebuilding { .. } => starting,
            Phase::Broken { reason } => ShardState::Broken { reason },
            Phase::Stopped => ShardState::Broken { reason: "the node is shutting down".to_owned() },
        };
        ShardHealth { shard: self.id, state }
    }
}
