//! The groups of a node by their numbers. They come and go while the node runs: replicas move.

use super::{GroupHandle, StateMachine};
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::Arc;
use wal::GroupId;

/// The handles of a node's groups. Clones share them.
pub(super) struct Groups<M: StateMachine>(Arc<RwLock<BTreeMap<GroupId, GroupHandle<M>>>>);

impl<M: StateMachine> Clone for Groups<M> {
    fn clone(&self) -> Self {
        Groups(self.0.clone())
    }
}

impl<M: StateMachine> Groups<M> {
    pub(super) fn new() -> Groups<M> {
        Groups(Arc::default())
    }

    pub(super) fn get(&self, id: GroupId) -> Option<GroupHandle<M>> {
        self.0.read().get(&id).cloned()
    }

    /// All of them, in the order of their numbers.
    pub(super) fn all(&self) -> Vec<GroupHandle<M>> {
        self.0.read().values().cloned().collect()
    }

    /// Takes a group in, unless one with its number is there.
    pub(super) fn insert(&self, group: GroupHandle<M>) -> bool {
        let mut groups = self.0.write();
        let vacant = !groups.contains_key(&group.id());
        if vacant {
            groups.insert(group.id(), group);
        }
        vacant
    }

    pub(super) fn remove(&self, id: GroupId) {
        self.0.write().remove(&id);
    }
}
