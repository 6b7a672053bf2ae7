//! A snapshot believes what is whole, and keeps what it had for what is not.

use super::*;
use crate::coordinator::{Change, Coordinator, Local, Op, SharedCoordinator, Txn, WATCH_PULSE};
use crate::state::{
    Alive, Checked, ClusterConfig, Key, Keys, NodeRecord, NodeSpec, NodeState, Placement, encode,
};
use base::{ClusterId, NodeId, ShardId, SlotMap};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

fn keys() -> Keys {
    Keys::new("/hub").unwrap()
}

fn record(id: u64) -> NodeRecord {
    let spec = NodeSpec {
        name: format!("hub-{id}"),
        zone: String::new(),
        capacity: 1,
        address: "hub:1".into(),
        prefers: None,
        holds_data: false,
    };
    NodeRecord { id: NodeId(id), incarnation: 1, state: NodeState::Up, spec }
}

fn put<T: Serialize + Checked>(key: Key, value: &T) -> Op {
    Op::Put { key: keys().path(key), value: encode(value), lease: None }
}

/// A snapshot that takes in what is done to a coordinator.
struct Watched {
    coordinator: Local,
    snapshot: Snapshot,
}

impl Watched {
    fn new(now: Instant) -> Watched {
        Watched { coordinator: Local::new(), snapshot: Snapshot::empty(now) }
    }

    async fn make(&mut self, ops: Vec<Op>, now: Instant) {
        self.coordinator.commit(Txn { compares: Vec::new(), ops: ops.clone() }).await.unwrap();
        let mut changes = Vec::new();
        for op in ops {
            let entry = self.coordinator.get(op.key().into()).await.unwrap();
            changes.push(Change { key: op.key().into(), now: entry });
        }
        let revision = self.coordinator.list("/".into()).await.unwrap().revision;
        self.snapshot.apply(&keys(), changes, revision, now);
        self.is_what_a_listing_gives(now).await;
    }

    /// Listing everything changes nothing.
    async fn is_what_a_listing_gives(&self, now: Instant) {
        let mut listed = self.snapshot.clone();
        listed.relist(&keys(), self.coordinator.list(keys().root()).await.unwrap(), now);
        assert_eq!(listed, self.snapshot);
    }
}

#[tokio::test]
async fn a_node_is_down_since_it_was_seen_to_go() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let (node, alive) = (Key::Node(NodeId(1)), Key::Alive(NodeId(1)));
    let mut watched = Watched::new(at(0));
    watched.make(vec![put(node, &record(1)), put(alive, &Alive { incarnation: 1 })], at(1)).await;
    assert_eq!(watched.snapshot.nodes()[&NodeId(1)].down_since, None);
    watched.make(vec![Op::Delete(keys().path(alive))], at(5)).await;
    watched.make(vec![put(node, &record(1))], at(6)).await;
    assert_eq!(watched.snapshot.nodes()[&NodeId(1)].down_since, Some(at(5)));
    assert_eq!(watched.snapshot.nodes_changed(), at(5));
    watched.make(vec![put(alive, &Alive { incarnation: 2 })], at(9)).await;
    assert_eq!(watched.snapshot.nodes()[&NodeId(1)].down_since, None);
    watched.make(vec![Op::Delete(keys().path(node))], at(10)).await;
    assert!(watched.snapshot.nodes().is_empty());
    assert_eq!(watched.snapshot.nodes_changed(), at(9));
}

#[tokio::test]
async fn placements_mean_nothing_before_the_map_is_there() {
    let now = Instant::now();
    let mut watched = Watched::new(now);
    watched.make(vec![put(Key::Desired(ShardId(0)), &Placement::new(vec![NodeId(1)], NodeId(1)))], now).await;
    assert_eq!(watched.snapshot.placements(), None);
    watched.make(vec![put(Key::Slots, &SlotMap::even(1))], now).await;
    assert_eq!(watched.snapshot.placement(ShardId(0)).unwrap().value.leader(), NodeId(1));
}

#[tokio::test]
async fn a_damaged_value_is_named_and_leaves_what_was_known() {
    let now = Instant::now();
    let mut watched = Watched::new(now);
    let config = ClusterConfig { shards: 1, replicas: 3, master_key: None, cluster: None };
    let path = keys().path(Key::Config);
    watched.make(vec![put(Key::Config, &config), put(Key::Node(NodeId(1)), &record(1))], now).await;
    let broken = |key: &str| Op::Put { key: key.into(), value: b"{}".to_vec(), lease: None };
    // The record of another node, a value that is none, and keys of a later version.
    watched.make(vec![broken(&path), put(Key::Node(NodeId(1)), &record(2)), broken("/hub/later")], now).await;
    assert_eq!(watched.snapshot.config(), Some(config));
    assert_eq!(watched.snapshot.nodes()[&NodeId(1)].record, record(1));
    let damaged: Vec<_> = watched.snapshot.damaged().keys().cloned().collect();
    assert_eq!(damaged, [path.clone(), keys().path(Key::Node(NodeId(1)))]);
    watched.make(vec![put(Key::Config, &config), Op::Delete(keys().path(Key::Node(NodeId(1))))], now).await;
    assert!(watched.snapshot.damaged().is_empty() && watched.snapshot.nodes().is_empty());
}

#[tokio::test]
async fn a_coordinator_that_lost_the_cluster_is_not_believed() {
    let coordinator: SharedCoordinator = Arc::new(Local::new());
    let (mut view, task) = ClusterView::start(coordinator.clone(), keys());
    let config = |cluster| {
        let cluster = Some(ClusterId::from_u128(cluster));
        put(Key::Config, &ClusterConfig { shards: 1, replicas: 1, master_key: None, cluster })
    };
    let commit = async |ops| {
        coordinator.commit(Txn { compares: Vec::new(), ops }).await.unwrap();
    };
    commit(vec![config(1), put(Key::Node(NodeId(1)), &record(1))]).await;
    let known = view.wait_for(|snapshot| snapshot.nodes().len() == 1).await.unwrap();
    let paths = [Key::Config, Key::Node(NodeId(1))].map(|key| Op::Delete(keys().path(key)));
    let is_estranged = async |view: &ClusterView| {
        let estranged = async {
            while !view.contact().is_estranged() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), estranged).await.expect("it is noticed");
        assert!(view.contact().is_away() && view.now().nodes() == known.nodes());
    };
    commit(paths.to_vec()).await;
    is_estranged(&view).await;
    commit(vec![config(2), put(Key::Node(NodeId(2)), &record(2))]).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    is_estranged(&view).await;
    // It was put back.
    commit(vec![config(1), put(Key::Node(NodeId(3)), &record(3))]).await;
    view.wait_for(|snapshot| snapshot.nodes().contains_key(&NodeId(3))).await.unwrap();
    assert!(!view.contact().is_estranged());
    task.stop().await;
}

#[tokio::test]
async fn a_coordinator_that_forgot_the_name_of_the_cluster_is_waited_for() {
    let coordinator: SharedCoordinator = Arc::new(Local::new());
    let (mut view, task) = ClusterView::start(coordinator.clone(), keys());
    let named = |cluster| ClusterConfig { shards: 1, replicas: 1, master_key: Some(5), cluster };
    let (ours, unnamed) = (named(Some(ClusterId::from_u128(1))), named(None));
    let commit = async |ops| {
        coordinator.commit(Txn { compares: Vec::new(), ops }).await.unwrap();
    };
    let node = |id| put(Key::Node(NodeId(id)), &record(id));
    commit(vec![put(Key::Config, &ours), node(1)]).await;
    view.wait_for(|snapshot| snapshot.nodes().len() == 1).await.unwrap();
    commit(vec![put(Key::Config, &unnamed), node(2)]).await;
    let waits = async {
        while !view.contact().is_away() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waits).await.expect("it is noticed");
    assert!(!view.contact().is_estranged());
    assert_eq!((view.now().config(), view.now().nodes().len()), (Some(ours), 1));
    // A node gives the name back.
    commit(vec![put(Key::Config, &ours)]).await;
    view.wait_for(|snapshot| snapshot.nodes().len() == 2).await.unwrap();
    assert!(!view.contact().is_away());
    // Without a name it is another one all the same if it has another key.
    commit(vec![put(Key::Config, &ClusterConfig { master_key: Some(6), ..unnamed })]).await;
    let estranged = async {
        while !view.contact().is_estranged() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), estranged).await.expect("it is noticed");
    task.stop().await;
}

#[tokio::test]
async fn a_view_that_is_behind_lists_again() {
    let local = Local::new();
    let coordinator: SharedCoordinator = Arc::new(local.clone());
    let (mut view, task) = ClusterView::start(coordinator.clone(), keys());
    assert_eq!((view.now().revision(), view.age()), (0, None));
    let change = async |shards| {
        let ops =
            vec![put(Key::Config, &ClusterConfig { shards, replicas: 1, master_key: None, cluster: None })];
        coordinator.commit(Txn { compares: Vec::new(), ops }).await.unwrap();
        // Before the view had a chance to look, the change is forgotten.
        local.compact();
    };
    for shards in 1..5 {
        change(shards).await;
        let seen = view.wait_for(|snapshot| snapshot.config().is_some_and(|config| config.shards == shards));
        seen.await.unwrap();
    }
    tokio::time::sleep(3 * WATCH_PULSE).await;
    assert!(view.age().unwrap() < 2 * WATCH_PULSE, "a quiet coordinator gives signs of life");
    task.stop().await;
    assert_eq!(view.now().config().unwrap().shards, 4);
    assert_eq!(view.changed().await.map(|seen| seen.revision()), None);
}
