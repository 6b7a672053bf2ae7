//! Moving a replica because somebody wants it elsewhere.

use super::{Members, MembershipError};
use crate::coordinator::{Committed, Compare, Txn};
use crate::state::{Key, NodeRecord, NodeState, Observed, Placement, decode, encode};
use base::{NodeId, ShardId};

impl Members {
    /// Writes down that a replica is to be on another node. The leader of the shard sees to it; whoever wants to know when it
    /// is there watches what leaders report.
    ///
    /// Refused while an earlier move of the shard is not done: two at once could take its quorum away. Asked again for the
    /// same move, it changes nothing.
    pub async fn move_replica(
        &self,
        shard: ShardId,
        from: NodeId,
        to: NodeId,
    ) -> Result<(), MembershipError> {
        loop {
            let (key, seen) = (self.keys.path(Key::Desired(shard)), self.keys.path(Key::Observed(shard)));
            let entry =
                self.coordinator.get(key.clone()).await?.ok_or(MembershipError::NoSuchShard(shard))?;
            let placement: Placement = decode(&key, &entry.value)?;
            let wanted = moved(&placement, from, to);
            if wanted.is_none() && placement.replicas().contains(&to) && !placement.replicas().contains(&from)
            {
                return Ok(());
            }
            let wanted = wanted.ok_or(MembershipError::Senseless { shard, from, to })?;
            let observed =
                self.coordinator.get(seen.clone()).await?.ok_or(MembershipError::Unheard(shard))?;
            if decode::<Observed>(&seen, &observed.value)?.replicas != placement.replicas() {
                return Err(MembershipError::Moving(shard));
            }
            let (record, node) = self.find(to).await?.ok_or(MembershipError::NoSuchNode(to))?;
            self.takes(&record).await?;
            let txn = Txn::new()
                .when(Compare::Unchanged { key: key.clone(), revision: entry.revision })
                .when(Compare::Unchanged { key: node.key.clone(), revision: node.revision })
                .put(key, encode(&wanted))
                // As it is: whoever is about to remove the node looks again whether it is needed.
                .put(node.key, node.value);
            if let Committed::Done(_) = self.coordinator.commit(txn).await? {
                return Ok(());
            }
        }
    }

    /// Makes sure that a node takes replicas: it runs, and is not draining.
    async fn takes(&self, record: &NodeRecord) -> Result<(), MembershipError> {
        let runs = self.coordinator.get(self.keys.path(Key::Alive(record.id))).await?.is_some();
        match (record.state, runs) {
            (NodeState::Up, true) => Ok(()),
            (NodeState::Draining, _) => Err(MembershipError::Draining(record.id)),
            (NodeState::Up, false) => Err(MembershipError::Down(record.id)),
        }
    }
}

/// The placement with one replica elsewhere; none if there is no such move. Who takes a leader's replica is to lead.
fn moved(placement: &Placement, from: NodeId, to: NodeId) -> Option<Placement> {
    let replicas = placement.replicas();
    if !replicas.contains(&from) || replicas.contains(&to) {
        return None;
    }
    let leader = if placement.leader() == from { to } else { placement.leader() };
    let others = replicas.iter().copied().filter(|node| *node != from);
    Some(Placement::new(others.chain([to]).collect(), leader))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::{Local, SharedCoordinator};
    use crate::state::{Alive, Keys, NodeSpec};
    use std::sync::Arc;

    const SHARD: ShardId = ShardId(5);
    const ONE: NodeId = NodeId(1);
    const TWO: NodeId = NodeId(2);
    const THREE: NodeId = NodeId(3);
    const FOUR: NodeId = NodeId(4);

    async fn put(coordinator: &SharedCoordinator, key: String, value: Vec<u8>) {
        coordinator.commit(Txn::new().put(key, value)).await.unwrap();
    }

    #[tokio::test]
    async fn a_replica_moves_when_nothing_else_does() {
        let (coordinator, keys) = (Arc::new(Local::new()) as SharedCoordinator, Keys::new("/hub").unwrap());
        let members = Members::new(coordinator.clone(), keys.clone());
        let refused = |from, to| members.move_replica(SHARD, from, to);
        assert_eq!(refused(ONE, FOUR).await, Err(MembershipError::NoSuchShard(SHARD)));
        let placement = Placement::new(vec![ONE, TWO, THREE], ONE);
        put(&coordinator, keys.path(Key::Desired(SHARD)), encode(&placement)).await;
        for (from, to) in [(ONE, TWO), (FOUR, FOUR)] {
            assert_eq!(refused(from, to).await, Err(MembershipError::Senseless { shard: SHARD, from, to }));
        }
        assert_eq!(refused(ONE, FOUR).await, Err(MembershipError::Unheard(SHARD)));
        let observed = |replicas: &[NodeId]| {
            encode(&Observed { leader: TWO, term: 1, replicas: replicas.to_vec(), applied: 9 })
        };
        let seen = keys.path(Key::Observed(SHARD));
        put(&coordinator, seen.clone(), observed(&[ONE, TWO])).await;
        assert_eq!(refused(ONE, FOUR).await, Err(MembershipError::Moving(SHARD)));
        put(&coordinator, seen, observed(&[ONE, TWO, THREE])).await;
        assert_eq!(refused(ONE, FOUR).await, Err(MembershipError::NoSuchNode(FOUR)));

        let record = |state| {
            let (name, zone, address) = ("four".to_owned(), String::new(), "here:1".to_owned());
            let spec = NodeSpec { name, zone, capacity: 1, address, prefers: None, holds_data: false };
            encode(&NodeRecord { id: FOUR, incarnation: 1, state, spec })
        };
        put(&coordinator, keys.path(Key::Node(FOUR)), record(NodeState::Up)).await;
        assert_eq!(refused(ONE, FOUR).await, Err(MembershipError::Down(FOUR)));
        put(&coordinator, keys.path(Key::Alive(FOUR)), encode(&Alive { incarnation: 1 })).await;
        put(&coordinator, keys.path(Key::Node(FOUR)), record(NodeState::Draining)).await;
        assert_eq!(refused(ONE, FOUR).await, Err(MembershipError::Draining(FOUR)));
        put(&coordinator, keys.path(Key::Node(FOUR)), record(NodeState::Up)).await;

        let node = keys.path(Key::Node(FOUR));
        let before = coordinator.get(node.clone()).await.unwrap().unwrap();
        for _ in 0..2 {
            assert_eq!(members.move_replica(SHARD, ONE, FOUR).await, Ok(()));
            let key = keys.path(Key::Desired(SHARD));
            let stored = coordinator.get(key.clone()).await.unwrap().unwrap();
            let placed: Placement = decode(&key, &stored.value).unwrap();
            assert_eq!(placed, Placement::new(vec![TWO, THREE, FOUR], FOUR));
        }
        let after = coordinator.get(node).await.unwrap().unwrap();
        assert_eq!(after.value, before.value);
        assert_ne!(after.revision, before.revision, "who was about to remove the node finds it changed");
    }
}
