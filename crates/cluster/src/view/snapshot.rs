//! What is stored, as one value.

use crate::coordinator::{Change, Entry, Listing};
use crate::state::{
    Alive, Checked, ClusterConfig, ControllerRecord, Key, Keys, NodeRecord, Observed, Placement, StateError,
    decode,
};
use base::{NodeId, ShardId, SlotMap};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A value, and the revision that stored it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<T> {
    /// The value.
    pub value: T,
    /// The revision that stored it.
    pub revision: u64,
}

/// A node, and whether it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What is stored of it.
    pub record: NodeRecord,
    /// The revision that stored it.
    pub revision: u64,
    /// Since when it is down, by the clock of this process; `None` while it runs.
    pub down_since: Option<Instant>,
}

impl Node {
    /// Whether it has been down for so long.
    pub fn is_down_for(&self, time: Duration, now: Instant) -> bool {
        self.down_since.is_some_and(|since| now.saturating_duration_since(since) >= time)
    }
}

/// The cluster at one revision. A value that is damaged is as it was before, and is named in [`Snapshot::damaged`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    revision: u64,
    config: Option<ClusterConfig>,
    nodes: BTreeMap<NodeId, Node>,
    alive: BTreeMap<NodeId, Alive>,
    alive_since: Instant,
    slots: Option<Arc<SlotMap>>,
    desired: BTreeMap<ShardId, Stored<Placement>>,
    observed: BTreeMap<ShardId, Observed>,
    controller: Option<Stored<ControllerRecord>>,
    damaged: BTreeMap<String, StateError>,
    known: BTreeSet<Key>,
}

/// Which cluster a coordinator keeps, for who knows one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// This one.
    Ours,
    /// This one, as it was before it had a name. Its nodes are about to give it back.
    Unnamed,
    /// Another one, or none.
    Another,
}

impl Snapshot {
    /// The snapshot of nothing, at revision 0.
    pub(crate) fn empty(now: Instant) -> Snapshot {
        Snapshot {
            revision: 0,
            config: None,
            nodes: BTreeMap::new(),
            alive: BTreeMap::new(),
            alive_since: now,
            slots: None,
            desired: BTreeMap::new(),
            observed: BTreeMap::new(),
            controller: None,
            damaged: BTreeMap::new(),
            known: BTreeSet::new(),
        }
    }

    /// The revision of the coordinator that this is the state of; 0 before anything was read.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What is decided once, when it is.
    pub fn config(&self) -> Option<ClusterConfig> {
        self.config
    }

    /// Every node that was not removed, running or not.
    pub fn nodes(&self) -> &BTreeMap<NodeId, Node> {
        &self.nodes
    }

    /// When a node was seen to come or go last.
    pub fn nodes_changed(&self) -> Instant {
        self.alive_since
    }

    /// Which shard holds which slot. `None` until the first placement is complete.
    pub fn slots(&self) -> Option<&Arc<SlotMap>> {
        self.slots.as_ref()
    }

    /// Where a shard is to be. `None` until the first placement is complete: an unfinished one means nothing.
    pub fn placement(&self, shard: ShardId) -> Option<&Stored<Placement>> {
        self.placements()?.get(&shard)
    }

    /// Where every shard is to be. `None` until the first placement is complete.
    pub fn placements(&self) -> Option<&BTreeMap<ShardId, Stored<Placement>>> {
        self.slots.is_some().then_some(&self.desired)
    }

    /// What leaders have said of their shards last.
    pub fn observed(&self) -> &BTreeMap<ShardId, Observed> {
        &self.observed
    }

    /// Who is the controller.
    pub fn controller(&self) -> Option<&Stored<ControllerRecord>> {
        self.controller.as_ref()
    }

    /// What could not be read, by key.
    pub fn damaged(&self) -> &BTreeMap<String, StateError> {
        &self.damaged
    }

    /// Which cluster the coordinator with this configuration keeps. A configuration that is damaged tells nothing.
    pub(crate) fn kept(&self, config: Option<&Entry>) -> Kept {
        let Some(ours) = self.config.filter(|config| config.cluster.is_some()) else { return Kept::Ours };
        match config.map(read::<ClusterConfig>) {
            None => Kept::Another,
            Some(Ok(there)) if there.was(ours) => Kept::Unnamed,
            Some(Ok(there)) if there.cluster != ours.cluster => Kept::Another,
            Some(_) => Kept::Ours,
        }
    }

    /// Takes in everything that is stored. What is not in the listing is gone.
    pub(crate) fn relist(&mut self, keys: &Keys, listing: Listing, now: Instant) {
        let listed: BTreeSet<&str> = listing.entries.iter().map(|entry| entry.key.as_str()).collect();
        let is_gone = |path: &String| !listed.contains(path.as_str());
        let gone: Vec<String> = self.known.iter().map(|key| keys.path(*key)).filter(is_gone).collect();
        let gone = gone.into_iter().map(|key| Change { key, now: None });
        let there: Vec<Change> = gone
            .chain(
                listing
                    .entries
                    .iter()
                    .map(|entry| Change { key: entry.key.clone(), now: Some(entry.clone()) }),
            )
            .collect();
        self.apply(keys, there, listing.revision, now);
    }

    /// Takes in changes up to a revision.
    pub(crate) fn apply(&mut self, keys: &Keys, changes: Vec<Change>, revision: u64, now: Instant) {
        let ran: Vec<NodeId> = self.alive.keys().copied().collect();
        for change in changes {
            let Some(key) = keys.parse(&change.key) else { continue };
            self.damaged.remove(&change.key);
            let result = match change.now {
                Some(entry) => {
                    self.known.insert(key);
                    self.put(key, &entry)
                }
                None => {
                    self.known.remove(&key);
                    self.delete(key);
                    Ok(())
                }
            };
            if let Err(error) = result {
                tracing::error!(%error, "something stored in the coordinator is passed over");
                self.damaged.insert(change.key, error);
            }
        }
        self.revision = revision;
        self.settle(&ran, now);
    }

    fn put(&mut self, key: Key, entry: &Entry) -> Result<(), StateError> {
        match key {
            Key::Config => self.config = Some(read(entry)?),
            // Who was removed asks for itself.
            Key::NextId | Key::Removed(_) => {}
            Key::Node(id) => {
                let record: NodeRecord = read(entry)?;
                if record.id != id {
                    let reason = format!("it is the record of node {}", record.id);
                    return Err(StateError::Damaged { key: entry.key.clone(), reason });
                }
                let down_since = self.nodes.get(&id).and_then(|node| node.down_since);
                self.nodes.insert(id, Node { record, revision: entry.revision, down_since });
            }
            Key::Alive(id) => {
                self.alive.insert(id, read(entry)?);
            }
            Key::Slots => self.slots = Some(Arc::new(read(entry)?)),
            Key::Desired(shard) => {
                self.desired.insert(shard, Stored { value: read(entry)?, revision: entry.revision });
            }
            Key::Observed(shard) => {
                self.observed.insert(shard, read(entry)?);
            }
            Key::Controller => {
                self.controller = Some(Stored { value: read(entry)?, revision: entry.revision });
            }
        }
        Ok(())
    }

    fn delete(&mut self, key: Key) {
        match key {
            Key::Config => self.config = None,
            Key::NextId | Key::Removed(_) => {}
            Key::Node(id) => drop(self.nodes.remove(&id)),
            Key::Alive(id) => drop(self.alive.remove(&id)),
            Key::Slots => self.slots = None,
            Key::Desired(shard) => drop(self.desired.remove(&shard)),
            Key::Observed(shard) => drop(self.observed.remove(&shard)),
            Key::Controller => self.controller = None,
        }
    }

    /// Notes since when each node is down.
    fn settle(&mut self, ran: &[NodeId], now: Instant) {
        if !self.alive.keys().eq(ran) {
            self.alive_since = now;
        }
        for (id, node) in &mut self.nodes {
            node.down_since = match self.alive.contains_key(id) {
                true => None,
                false => Some(node.down_since.unwrap_or(now)),
            };
        }
    }
}

fn read<T: DeserializeOwned + Checked>(entry: &Entry) -> Result<T, StateError> {
    decode(&entry.key, &entry.value)
}
