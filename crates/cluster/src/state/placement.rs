//! Where a shard is to be, and where it is.

use super::{Checked, Invalid};
use base::{NodeId, ShardId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most replicas that a shard may have.
pub const REPLICAS_MAX: usize = 9;

/// Where a shard is to be: an intent. Who votes is in the log of the shard.
///
/// Invariant: at least one replica, ascending, each on another node; the preferred leader is one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    replicas: Vec<NodeId>,
    leader: NodeId,
}

/// The placement of every shard.
pub type Placements = BTreeMap<ShardId, Placement>;

impl Placement {
    /// A placement. `replicas` are in any order; `leader` is made one of them if it is not.
    pub fn new(mut replicas: Vec<NodeId>, leader: NodeId) -> Placement {
        replicas.push(leader);
        replicas.sort_unstable();
        replicas.dedup();
        Placement { replicas, leader }
    }

    /// The nodes that are to have a replica, ascending.
    pub fn replicas(&self) -> &[NodeId] {
        &self.replicas
    }

    /// The node that should lead when there is a choice.
    pub fn leader(&self) -> NodeId {
        self.leader
    }
}

impl Checked for Placement {
    fn check(&self) -> Result<(), Invalid> {
        check_replicas(&self.replicas)?;
        match self.replicas.contains(&self.leader) {
            true => Ok(()),
            false => Err(Invalid("the preferred leader has no replica")),
        }
    }
}

/// What the leader of a shard has said of it last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// The leader.
    pub leader: NodeId,
    /// The term that it leads in. A report of an older term is never taken.
    pub term: u64,
    /// The nodes with a vote, ascending.
    pub replicas: Vec<NodeId>,
    /// The index up to which the leader had applied the log.
    pub applied: u64,
}

impl Checked for Observed {
    fn check(&self) -> Result<(), Invalid> {
        check_replicas(&self.replicas)
    }
}

fn check_replicas(replicas: &[NodeId]) -> Result<(), Invalid> {
    match replicas {
        [] => Err(Invalid("there is no replica")),
        // While membership changes, old and new replicas are there together.
        many if many.len() > 2 * REPLICAS_MAX => Err(Invalid("there are more replicas than any shard has")),
        some if some.is_sorted_by(|a, b| a < b) => Ok(()),
        _ => Err(Invalid("replicas are not ascending, or a node has two")),
    }
}
