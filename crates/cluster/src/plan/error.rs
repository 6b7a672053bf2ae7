//! Why there is no plan.

use base::{NodeId, ShardId};

/// Why there is no plan. Nothing was changed; each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Two replicas of a shard on one node would be one.
    #[error(
        "{replicas} replicas need as many nodes that run and are not draining, and there are {nodes}: add {missing}"
    )]
    TooFewNodes {
        /// Nodes that may carry replicas.
        nodes: usize,
        /// Replicas that each shard has.
        replicas: usize,
        /// Nodes to add.
        missing: usize,
    },
    /// Plans are made for at least one shard with at least one replica.
    #[error("a placement has at least one shard, and each shard at least one replica")]
    Nothing,
    /// The same id twice in one list.
    #[error("node {0} is named twice")]
    Twice(NodeId),
    /// A node that can carry nothing has to drain instead.
    #[error("node {0} has a capacity of zero; drain it instead")]
    NoCapacity(NodeId),
    /// Every slot is in a shard that has no more than its share.
    #[error("shard {0} has its fair share of slots already")]
    HasItsShare(ShardId),
}
