//! Where everything is, as far as this gateway knows.

use base::{NodeId, ShardId, Slot, SlotMap};
use std::collections::BTreeMap;

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
}
