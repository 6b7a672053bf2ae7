//! The map that a gateway routes by, made of what the coordinator has.

use cluster::view::{ClusterView, Snapshot};
use gateway::reach::{Map, Replicas};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// Tells of every snapshot of a view, until the view is stopped.
pub async fn keep(mut view: ClusterView, tell: impl Fn(&Snapshot)) {
    loop {
        tell(&view.now());
        if view.changed().await.is_none() {
            return;
        }
    }
}

/// Puts a value in the place of one that differs.
pub fn replace<T: PartialEq>(kept: &watch::Sender<Arc<T>>, now: T) {
    kept.send_if_modified(|kept| {
        let differs = **kept != now;
        if differs {
            *kept = Arc::new(now);
        }
        differs
    });
}

/// The map by a snapshot.
pub fn map_of(snapshot: &Snapshot) -> Map {
    let slots = snapshot.slots().map(|slots| (**slots).clone());
    let mut shards = BTreeMap::<_, Replicas>::new();
    for (shard, placement) in snapshot.placements().into_iter().flatten() {
        let leader = placement.value.leader();
        let others = placement.value.replicas().iter().copied().filter(|node| *node != leader);
        shards.entry(*shard).or_default().nodes = std::iter::once(leader).chain(others).collect();
    }
    for (shard, observed) in snapshot.observed() {
        let replicas = shards.entry(*shard).or_default();
        // Where it is while it moves: a node that placement does not name any more may lead still.
        let more = observed.replicas.iter().filter(|node| !replicas.nodes.contains(node));
        let more: Vec<_> = more.copied().collect();
        replicas.nodes.extend(more);
        replicas.leader = Some((observed.leader, observed.term));
    }
    Map { slots, shards }
}
