//! An etcd of one's own, and a gate in front of a coordinator.

mod etcd;
mod gate;

pub use etcd::EtcdServer;
pub use gate::Gate;

use base::ClusterId;
use cluster::controller::Rules;
use cluster::coordinator::SharedCoordinator;
use cluster::membership::{Members, Membership};
use cluster::state::{Key, Keys, NodeSpec};
use cluster::view::{ClusterView, Snapshot, ViewTask};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Longer than anything takes that is waited for, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What a future gives, which it does.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("not within a minute: {what}"))
}

/// A node by its name.
pub fn spec(name: &str) -> NodeSpec {
    let address = format!("{name}.example:7400");
    NodeSpec {
        name: name.into(),
        zone: String::new(),
        capacity: 1,
        address,
        prefers: None,
        holds_data: false,
    }
}

/// The cluster that is there, if anyone configured it.
pub async fn cluster(members: &Members) -> Option<ClusterId> {
    members.belong(None, None).await.ok().and_then(|config| config.cluster)
}

/// A new node that has joined.
pub async fn join(members: &Members, name: &str, ttl: Duration) -> Membership {
    let id = members.new_id().await.unwrap();
    members.join(id, cluster(members).await, spec(name), ttl).await.unwrap()
}

/// How long a node may be silent.
pub const TTL: Duration = Duration::from_secs(6);

/// The keys of every test.
pub fn keys() -> Keys {
    Keys::new("/hub/test").unwrap()
}

/// A controller that places as soon as there are so many nodes.
pub fn rules(first_nodes: usize) -> Rules {
    // The calm has a test of its own, which is pure.
    Rules {
        first_nodes: Some(first_nodes),
        calm: Duration::ZERO,
        ttl: Duration::from_secs(2),
        ..Rules::default()
    }
}

/// A view, and its task.
pub fn view(coordinator: &SharedCoordinator) -> (ClusterView, ViewTask) {
    ClusterView::start(coordinator.clone(), keys())
}

/// Waits until a view shows something.
pub async fn until(
    view: &mut ClusterView,
    what: &str,
    holds: impl FnMut(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    soon(what, view.wait_for(holds)).await.unwrap()
}

/// The revisions at which the placements and the map came to be, and at which they are.
pub async fn revisions(coordinator: &SharedCoordinator) -> BTreeMap<String, (u64, u64)> {
    let listing = coordinator.list(keys().root()).await.unwrap();
    let placed = listing
        .entries
        .into_iter()
        .filter(|entry| matches!(keys().parse(&entry.key), Some(Key::Desired(_) | Key::Slots)));
    placed.map(|entry| (entry.key, (entry.created, entry.revision))).collect()
}
