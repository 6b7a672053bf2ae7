//! One shard of this node: its group, its machine, and the way into its log.

use crate::documents::{elsewhere, unavailable, unread};
use crate::machine::Machine;
use crate::proposer::Proposer;
use crate::raft::{GroupHandle, Phase, ReadError};
use crate::reign::{Present, Reign, other_leader};
use base::{NodeId, ShardId};
use rpc::{Refusal, ShardHealth, ShardState};
use std::sync::Arc;
use wal::{Room, Wal};

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
            Phase::Running(_) => match self.other_leader() {
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
