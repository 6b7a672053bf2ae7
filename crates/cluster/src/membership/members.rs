//! What can be done to the members of a cluster, from anywhere.

use super::MembershipError;
use crate::coordinator::{Committed, Compare, Entry, SharedCoordinator, Txn, never_give, next_id};
use crate::state::{
    Checked, Invalid, Key, Keys, NodeRecord, NodeState, Observed, Placement, Removed, StateError, decode,
    encode,
};
use base::NodeId;
use std::collections::BTreeSet;

/// The members of a cluster. Calls fail when the coordinator is away; whoever calls decides whether to try again.
#[derive(Clone)]
pub struct Members {
    pub(super) coordinator: SharedCoordinator,
    pub(super) keys: Keys,
}

/// A record and the entry that it was read from.
pub(super) type Found = (NodeRecord, Entry);

impl Members {
    /// The members of the cluster whose keys these are.
    pub fn new(coordinator: SharedCoordinator, keys: Keys) -> Members {
        Members { coordinator, keys }
    }

    /// An id for a new node, which nobody had and nobody else will have. Write it down before you join with it.
    pub async fn new_id(&self) -> Result<NodeId, MembershipError> {
        // A counter that was lost, or put back to what it was once, would give an id again that somebody has.
        if let Some(used) = self.highest_used().await? {
            self.never_give(used).await?;
        }
        Ok(NodeId(next_id(&*self.coordinator, self.keys.path(Key::NextId)).await?))
    }

    /// Makes a node give its replicas away and take no more, until [`Members::undrain`]. It need not run.
    pub async fn drain(&self, node: NodeId) -> Result<(), MembershipError> {
        self.set_state(node, NodeState::Draining).await
    }

    /// Lets a node take replicas again.
    pub async fn undrain(&self, node: NodeId) -> Result<(), MembershipError> {
        self.set_state(node, NodeState::Up).await
    }

    /// Forgets a node that does not run and has no replicas: none is to be there, and no leader has one there still. Its id
    /// is never given again, and nobody joins with it: that it was removed stays written.
    pub async fn remove(&self, node: NodeId) -> Result<(), MembershipError> {
        let alive = self.keys.path(Key::Alive(node));
        loop {
            let (record, entry) = self.find(node).await?.ok_or(MembershipError::NoSuchNode(node))?;
            self.is_not_needed(node).await?;
            if self.coordinator.get(alive.clone()).await?.is_some() {
                return Err(MembershipError::Running(node));
            }
            let unchanged = Compare::Unchanged { key: entry.key.clone(), revision: entry.revision };
            let removed = encode(&Removed { name: record.spec.name });
            let txn = Txn::new()
                .when(unchanged)
                .when(Compare::Absent(alive.clone()))
                .delete(entry.key)
                .put(self.keys.path(Key::Removed(node)), removed);
            if let Committed::Done(_) = self.coordinator.commit(txn).await? {
                return Ok(());
            }
        }
    }

    /// Makes sure that a node has no replica: what ought to be is not enough, because a replica is where it was until its
    /// leader has said that it moved.
    async fn is_not_needed(&self, node: NodeId) -> Result<(), MembershipError> {
        let (mut desired, mut observed) = (BTreeSet::new(), BTreeSet::new());
        let mut placed = false;
        for Entry { key, value, .. } in self.coordinator.list(self.keys.root()).await?.entries {
            let (shard, has_one) = match self.keys.parse(&key) {
                Some(Key::Desired(shard)) => {
                    desired.insert(shard);
                    (shard, decode::<Placement>(&key, &value)?.replicas().contains(&node))
                }
                Some(Key::Observed(shard)) => {
                    observed.insert(shard);
                    (shard, decode::<Observed>(&key, &value)?.replicas.contains(&node))
                }
                Some(Key::Slots) => {
                    placed = true;
                    continue;
                }
                _ => continue,
            };
            if has_one {
                return Err(MembershipError::Needed { node, shard });
            }
        }
        // A first placement that is not complete means nothing: no shard of it runs.
        match desired.difference(&observed).next() {
            Some(shard) if placed => Err(MembershipError::Unheard(*shard)),
            _ => Ok(()),
        }
    }

    async fn set_state(&self, node: NodeId, state: NodeState) -> Result<(), MembershipError> {
        loop {
            let (mut record, entry) = self.find(node).await?.ok_or(MembershipError::NoSuchNode(node))?;
            if record.state == state {
                return Ok(());
            }
            record.state = state;
            let unchanged = Compare::Unchanged { key: entry.key.clone(), revision: entry.revision };
            let txn = Txn::new().when(unchanged).put(entry.key, encode(&record));
            if let Committed::Done(_) = self.coordinator.commit(txn).await? {
                return Ok(());
            }
        }
    }

    /// The highest id that is written anywhere.
    async fn highest_used(&self) -> Result<Option<NodeId>, MembershipError> {
        let mut highest = None;
        for Entry { key, value, .. } in self.coordinator.list(self.keys.root()).await?.entries {
            let used = match self.keys.parse(&key) {
                Some(Key::Node(id) | Key::Alive(id) | Key::Removed(id)) => Some(id),
                Some(Key::Desired(_)) => decode::<Placement>(&key, &value)?.replicas().last().copied(),
                Some(Key::Observed(_)) => match decode::<Observed>(&key, &value) {
                    Ok(observed) => observed.replicas.last().copied(),
                    // Its leader writes it anew. Until then its nodes are known by their records, and by where they are to be.
                    Err(error) => {
                        tracing::warn!(%error, "a report is passed over");
                        None
                    }
                },
                _ => None,
            };
            highest = highest.max(used);
        }
        Ok(highest)
    }

    /// The record of a node.
    pub(super) async fn find(&self, node: NodeId) -> Result<Option<Found>, MembershipError> {
        let key = self.keys.path(Key::Node(node));
        let Some(entry) = self.coordinator.get(key.clone()).await? else { return Ok(None) };
        let record: NodeRecord = decode(&key, &entry.value)?;
        Ok(Some((record, entry)))
    }

    /// What holds for as long as a node was not removed; that it was is an error. That there is no record of a node proves
    /// nothing: a coordinator that was put back to an earlier state has forgotten some.
    pub(super) async fn was_not_removed(&self, node: NodeId) -> Result<Compare, MembershipError> {
        let key = self.keys.path(Key::Removed(node));
        match self.coordinator.get(key.clone()).await? {
            Some(_) => Err(MembershipError::Removed(node)),
            None => Ok(Compare::Absent(key)),
        }
    }

    pub(super) async fn never_give(&self, node: NodeId) -> Result<(), MembershipError> {
        Ok(never_give(&*self.coordinator, self.keys.path(Key::NextId), node.0).await?)
    }
}

pub(super) fn check(value: &impl Checked) -> Result<(), MembershipError> {
    value.check().map_err(|Invalid(reason)| StateError::Invalid { reason }.into())
}
