//! What a leader can say of its shard.

use super::NodeService;
use crate::raft::{Members, Role};
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
    /// What this node knows of a shard, if it leads it and who votes is agreed upon: a change that was only proposed may never
    /// be, and replicas are deleted on the word of this.
    pub(super) fn of(shard: &Shard) -> Option<Led> {
        // The members first: what is applied by then is more than what was when they were set.
        let members = shard.group.members()?;
        let status = shard.group.status().filter(|status| status.role == Role::Leader)?;
        if !is_agreed(&members, status.applied) {
            return None;
        }
        let mut voters: Vec<_> = members.voters.iter().flatten().copied().map(NodeId).collect();
        voters.sort_unstable();
        voters.dedup();
        Some(Led { shard: shard.id, term: status.term, voters, applied: status.applied.unwrap_or(0) })
    }
}

/// Whether the entry that made the members so is applied.
fn is_agreed(members: &Members, applied: Option<u64>) -> bool {
    members.set_at.is_some_and(|set_at| Some(set_at.index) <= applied)
}

impl NodeService {
    /// Where the shards stand that this node leads, by what it knows.
    pub fn led(&self) -> Vec<Led> {
        self.inner.held.all().values().filter_map(|shard| Led::of(shard)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::Position;

    #[test]
    fn voters_count_when_they_are_agreed_upon() {
        let set_at =
            |index| Members { set_at: Some(Position { term: 3, node: 1, index }), ..Members::default() };
        assert!(is_agreed(&set_at(0), Some(0)) && is_agreed(&set_at(7), Some(8)));
        assert!(!is_agreed(&set_at(7), Some(6)) && !is_agreed(&set_at(0), None));
        assert!(!is_agreed(&Members::default(), Some(9)), "it was not founded");
    }
}
