//! A controller that was left behind.

use crate::support::{EtcdServer, Gate, TTL, join, keys, revisions, rules, soon, until, view};
use cluster::controller::Controller;
use cluster::coordinator::{Committed, SharedCoordinator};
use cluster::membership::Members;
use cluster::state::ClusterConfig;
use cluster::view::Snapshot;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// More placements than a transaction of etcd holds.
const CONFIG: ClusterConfig = ClusterConfig { shards: 130, replicas: 3, master_key: None, cluster: None };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_that_was_frozen_changes_nothing() {
    let server = EtcdServer::start();
    let coordinator = server.coordinator();
    let members = Members::new(coordinator.clone(), keys());
    let config = members.configure(CONFIG).await.unwrap();
    assert_eq!(ClusterConfig { cluster: None, ..config }, CONFIG);
    let (mut seen, view_task) = view(&coordinator);

    // The first controller is elected, and is frozen while it waits for the nodes.
    let gate = Gate::new(server.coordinator());
    let shared = seen.clone();
    let start = |coordinator: SharedCoordinator, name: &str, nodes| {
        Controller::start(coordinator, keys(), shared.clone(), name, rules(nodes))
    };
    let frozen = start(Arc::new(gate.clone()), "frozen", 3);
    until(&mut seen, "the first election", |snapshot| snapshot.controller().is_some()).await;
    gate.set_open(false);
    let mut nodes = Vec::new();
    for name in ["a", "b", "c"] {
        nodes.push(join(&members, name, TTL).await);
    }

    // Its office lapses, and another one is elected, who waits for more nodes than there are.
    let patient = start(server.coordinator(), "patient", 99);
    let is = |name: &'static str| {
        move |snapshot: &Snapshot| snapshot.controller().is_some_and(|who| who.value.name == name)
    };
    until(&mut seen, "the second election", is("patient")).await;

    // The frozen one wakes up in the middle of the first placement. Nothing but the fence stands in its way.
    gate.set_open(true);
    soon("the late write", async {
        while gate.late().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let late = gate.late();
    assert!(!late[0].0.ops.is_empty(), "it was about to write");
    assert!(late.iter().all(|(_, became)| *became == Ok(Committed::Conflict)), "{late:?}");
    assert_eq!(revisions(&coordinator).await, BTreeMap::new());

    // With the office vacant the one that was frozen is elected again, and places everything, once.
    patient.stop().await;
    let placed = until(&mut seen, "the first placement", |snapshot| snapshot.slots().is_some()).await;
    assert_eq!(placed.placements().unwrap().len(), CONFIG.shards as usize);
    let first = revisions(&coordinator).await;
    assert_eq!(first.len(), CONFIG.shards as usize + 1);
    assert!(first.values().all(|(created, now)| created == now), "written once: {first:?}");
    let second = start(server.coordinator(), "second", 3);
    frozen.stop().await;
    until(&mut seen, "the last election", is("second")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(revisions(&coordinator).await, first);

    second.stop().await;
    for node in nodes {
        node.leave().await;
    }
    view_task.stop().await;
}
