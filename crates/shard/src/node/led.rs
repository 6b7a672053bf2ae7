//! What a leader can say of its shard.

use super::NodeService;
use crate::raft::Role;
use crate::shard::Shard;
use base::{NodeId, ShardId};

/// A shard that this node leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Led {
    /// Which.
    pub shard: ShardId,
    /// The term that it leads in.
    pub term: u64,
    /// The nodes with a vote, ascending. While they change, those of both sets.
    pub voters: Vec<NodeId>,
    /// The index up to which the log is applied here.
    pub applied: u64,
}

impl Led {
    /// What this node knows of a shard, if it leads it.
    pub(super) fn of(shard: &Shard) -> Option<Led> {
        let status = shard.group.status().filter(|status| status.role == Role::Leader)?;
        let members = shard.group.members()?;
        let mut voters: Vec<_> = members.voters.iter().flatten().copied().map(NodeId).collect();
        voters.sort_unstable();
        voters.dedup();
        Some(Led { shard: shard.id, term: status.term, voters, applied: status.applied.unwrap_or(0) })
    }
}

impl NodeService {
    /// Where the shards stand that this node leads, by what it knows.
    pub fn led(&self) -> Vec<Led> {
        self.inner.held.all().values().filter_map(|shard| Led::of(shard)).collect()
    }
}
