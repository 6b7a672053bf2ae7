//! Where a node stands: by itself, or among others.

use crate::raft::Founding;
use base::{ClusterId, NodeId, ShardId, SlotMap};
use rpc::RaftPeers;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a node stands.
pub enum Place {
    /// It is a hub of its own, with so many shards in a new folder. An old one keeps those that it has.
    Alone {
        /// How many.
        shards: u32,
    },
    /// It is one of several.
    Member(Member),
}

/// A node of a cluster.
pub struct Member {
    /// Who it is. A folder belongs to one node for good: the promises in it were made in this name.
    pub node: NodeId,
    /// The cluster to which it belongs, as the coordinator says.
    pub cluster: Option<ClusterId>,
    /// Which shard holds which slot, as far as that is known: [`super::Node::set_slots`] says it later, and anew.
    pub slots: Option<SlotMap>,
    /// The replicas that it has or is to have.
    pub replicas: BTreeMap<ShardId, Replica>,
    /// The way to the other nodes.
    pub peers: Arc<dyn RaftPeers>,
    /// How fast snapshots go out to others, all together, in bytes a second.
    pub snapshot_bytes_per_second: u64,
}

/// A replica of a shard, as placement wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// How it begins if there is nothing of it yet.
    pub founding: Founding,
    /// The node that should lead the shard when it can.
    pub leader: NodeId,
}
