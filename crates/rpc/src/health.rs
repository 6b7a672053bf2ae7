//! How the shards are.

use base::{NodeId, ShardId};
use std::time::Duration;

/// The state of a node's shards.
#[derive(Debug, Clone)]
pub struct Health {
    /// One for each shard of this node.
    pub shards: Vec<ShardHealth>,
    /// `Some(free bytes)` while the disk is too full to take writes.
    pub disk_low: Option<u64>,
}

impl Health {
    /// Whether every shard serves, here or where it is led.
    pub fn ready(&self) -> bool {
        let serves = |state: &ShardState| matches!(state, ShardState::Serving | ShardState::Following { .. });
        !self.shards.is_empty() && self.shards.iter().all(|shard| serves(&shard.state))
    }
}

/// How one shard is.
#[derive(Debug, Clone)]
pub struct ShardHealth {
    /// Which.
    pub shard: ShardId,
    /// Whether it serves.
    pub state: ShardState,
}

/// Whether a shard serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShardState {
    /// It leads and serves.
    Serving,
    /// Another node leads it, and this one has a replica that keeps up.
    Following {
        /// Who leads.
        leader: NodeId,
    },
    /// It is not there yet; ask again after this long.
    Starting {
        /// A guess.
        retry_after: Duration,
    },
    /// It stopped after a failure and will not come back by itself.
    Broken {
        /// Why.
        reason: String,
    },
}
