//! Where everything is, as far as this gateway knows.

use base::{NodeId, ShardId, Slot, SlotMap};
use rpc::{SharedLive, SharedShards, SharedTickets};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::watch;

/// A version of the cluster's map. It may be old: whoever is asked in vain says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Map {
    /// Which shard holds which slot; none before the first placement.
    pub slots: Option<SlotMap>,
    /// The replicas of each shard.
    pub shards: BTreeMap<ShardId, Replicas>,
}

/// The replicas of a shard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replicas {
    /// The nodes that have or are to have one, the preferred leader first.
    pub nodes: Vec<NodeId>,
    /// Who led it last, as it said itself, and in which term.
    pub leader: Option<(NodeId, u64)>,
}

impl Map {
    /// The shard of a slot, if there is a map at all.
    pub fn shard_of(&self, slot: Slot) -> Option<ShardId> {
        self.slots.as_ref().map(|slots| slots.shard_of(slot))
    }

    /// Who led a shard last, and in which term.
    pub fn leader(&self, shard: ShardId) -> Option<(NodeId, u64)> {
        self.shards.get(&shard)?.leader
    }
}

/// A node, as a gateway speaks with it.
#[derive(Clone)]
pub struct Node {
    /// Requests.
    pub shards: SharedShards,
    /// Sockets.
    pub live: SharedLive,
    /// Tickets.
    pub tickets: SharedTickets,
}

impl Node {
    /// Whether it is there: one that is not says nothing of its shards.
    pub(super) fn is_reached(&self) -> bool {
        !self.shards.health().shards.is_empty()
    }
}

/// The nodes that can be asked, whoever keeps them: see [`super::Pool`].
pub type Nodes = watch::Receiver<Arc<HashMap<NodeId, Node>>>;
