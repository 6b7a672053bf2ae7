//! etcd away for longer than any lease lasts.

use crate::support::{EtcdServer, TTL, join, keys, revisions, rules, soon, until, view};
use base::NodeId;
use cluster::controller::Controller;
use cluster::membership::{Members, Standing};
use cluster::state::ClusterConfig;
use std::time::{Duration, Instant};

/// More placements than a transaction of etcd holds.
const CONFIG: ClusterConfig = ClusterConfig { shards: 130, replicas: 3, master_key: None, cluster: None };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_etcd_changes_nothing() {
    let mut server = EtcdServer::start();
    let coordinator = server.coordinator();
    let members = Members::new(coordinator.clone(), keys());
    members.configure(CONFIG).await.unwrap();
    let mut nodes = Vec::new();
    for name in ["a", "b", "c"] {
        nodes.push(join(&members, name, TTL).await);
    }
    let (mut seen, view_task) = view(&coordinator);
    let controller = Controller::start(coordinator.clone(), keys(), seen.clone(), "only", rules(3));
    until(&mut seen, "the first placement", |snapshot| snapshot.slots().is_some()).await;
    let before = seen.now();
    let written = revisions(&coordinator).await;
    assert!(seen.age().unwrap() < Duration::from_secs(10));

    server.kill();
    let began = Instant::now();
    soon("that it is noticed", async {
        while !seen.contact().is_away() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    // Longer than any lease lasts.
    tokio::time::sleep((TTL + TTL / 2).saturating_sub(began.elapsed())).await;
    assert_eq!(seen.now(), before, "what is known stays");
    assert!(seen.age().unwrap() >= TTL, "and says how old it is: {:?}", seen.age());

    server.resume();
    soon("that it is back", async {
        while seen.contact().is_away() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let back = Instant::now();
    while back.elapsed() < 2 * TTL {
        let _changed = tokio::time::timeout(Duration::from_millis(500), seen.changed()).await;
        let now = seen.now();
        assert!(
            now.nodes().values().all(|node| node.down_since.is_none()),
            "nothing flaps: {:?}",
            now.nodes()
        );
        assert_eq!(now.placements(), before.placements());
    }
    assert_eq!(revisions(&coordinator).await, written);
    for (at, node) in (1..).zip(&nodes) {
        assert_eq!(
            (node.id(), node.incarnation(), *node.standing().borrow()),
            (NodeId(at), 1, Standing::Joined)
        );
    }
    controller.stop().await;
    for node in nodes {
        node.leave().await;
    }
    view_task.stop().await;
}
