//! Nodes that are members of a cluster: each with a folder of its own, and messages that go from one to the other within
//! the process.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod audits;
mod cluster;
mod live;
mod peer;
mod replicas;
mod retries;
mod revisions;

use base::{Level, NodeId, ShardId, UserId};
use cluster::{Cluster, caller, key};
use rpc::{Edit, Op, Precondition, Read, Refusal, Seen, Shards, Share, Unit, Write};
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

const ONE: NodeId = NodeId(1);

fn text(seen: &Seen) -> String {
    serde_json::from_slice(&seen.view.content).unwrap()
}

fn splice(id: base::DocId, insert: &str) -> Write {
    let op = Op::Splice { path: vec![], position: 0, delete: 0, insert: insert.into() };
    let edit = Edit::Operations { ops: vec![op], unit: Unit::Utf16 };
    Write { id, base: rpc::Base::Now, edit, precondition: Precondition::default(), key: key() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_of_three_nodes_survives_each_of_them() {
    let mut cluster = Cluster::start(3, 2).await;
    let made =
        cluster.ask(|node| async move { node.create(caller("ada"), cluster::text("three")).await }).await;
    let id = made.view.id;
    let read = Read { id, at: rpc::At::Now, at_least: None };

    for (round, victim) in [1, 2, 3].map(NodeId).into_iter().enumerate() {
        cluster.stop(victim).await;
        let write = splice(id, &format!("{round} "));
        let wrote = cluster
            .ask(|node| {
                let write = write.clone();
                async move { node.write(caller("ada"), write).await }
            })
            .await;
        assert_eq!(wrote.view.version, round as u64 + 2, "applied once, whoever was asked and how often");
        cluster.begin(victim).await;
    }
    let seen = cluster
        .ask(|node| {
            let read = read.clone();
            async move { node.read(caller("ada"), read).await }
        })
        .await;
    assert_eq!(text(&seen), "2 1 0 three");
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_lead_names_who_does() {
    let cluster = Cluster::start(3, 1).await;
    let leader = cluster.leader(ShardId(0)).await;
    let made = cluster.service(leader).create(caller("ada"), cluster::text("x")).await.unwrap();
    let id = made.view.id;
    let read = Read { id, at: rpc::At::Now, at_least: None };
    let share = Share { id, principal: UserId::new("bob").unwrap(), level: Some(Level::Read), key: key() };
    for follower in cluster.others(leader) {
        let node = cluster.service(follower);
        let ask = async || {
            let read = node.read(caller("ada"), read.clone()).await.map(drop);
            let wrote = node.write(caller("ada"), splice(id, "y")).await.map(drop);
            let shared = node.share(caller("ada"), share.clone()).await.map(drop);
            [read, wrote, shared]
        };
        cluster.until_named(follower, ShardId(0), ask).await;
        assert!(node.peek(&caller("ada"), id).is_none(), "what it has cached may be old");
    }
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_gives_way_is_followed_at_once() {
    let cluster = Cluster::start(3, 1).await;
    let leader = cluster.leader(ShardId(0)).await;
    assert_eq!(cluster.led(leader, ShardId(0)).await.voters, [1, 2, 3].map(NodeId));
    cluster.node(leader).give_way(std::time::Duration::from_secs(10)).await;
    assert_eq!(cluster.node(leader).led(), []);
    assert_ne!(cluster.leader(ShardId(0)).await, leader);
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_cut_off_says_that_it_does_not_know() {
    let cluster = Cluster::start(3, 1).await;
    let leader = cluster.leader(ShardId(0)).await;
    cluster.cut_off(leader);
    // It has its lease still, and takes the proposal.
    let node = cluster.service(leader);
    let created = node.create(caller("ada"), cluster::text("x"));
    let answer = timeout(Duration::from_secs(30), created).await.unwrap();
    assert!(matches!(answer, Err(Refusal::Unknown { .. })), "{answer:?}");
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_stays_with_its_node() {
    let mut cluster = Cluster::start(1, 1).await;
    cluster.stop(ONE).await;
    let error = cluster.begin_as(ONE, NodeId(9)).await.unwrap_err();
    assert!(error.to_string().contains("is the folder of node 1"), "{error}");
    cluster.begin(ONE).await;
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_has_lost_its_data_does_not_come_back_under_its_id() {
    let mut cluster = Cluster::start(3, 1).await;
    cluster.leader(ShardId(0)).await;
    cluster.stop(ONE).await;
    for lost in ["wal", "store"] {
        std::fs::remove_dir_all(cluster.folder(ONE).join(lost)).unwrap();
    }
    let error = cluster.begin_as(ONE, ONE).await.unwrap_err();
    assert!(error.to_string().contains("join again under a new id"), "{error}");
    cluster.leader(ShardId(0)).await;
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_reads_what_one_node_wrote_as_json() {
    let cluster = Cluster::start(3, 1).await;
    let content = json!({"agents": [{"name": "scribe", "done": 3}]});
    let create = rpc::Create { content: content.clone(), shape: base::Shape::Json, ..cluster::text("") };
    let made = cluster
        .ask(|node| {
            let create = create.clone();
            async move { node.create(caller("ada"), create).await }
        })
        .await;
    let leader = cluster.leader(ShardId(0)).await;
    cluster.node(leader).give_way(std::time::Duration::from_secs(10)).await;
    let read = Read { id: made.view.id, at: rpc::At::Now, at_least: None };
    let seen = cluster
        .ask(|node| {
            let read = read.clone();
            async move { node.read(caller("ada"), read).await }
        })
        .await;
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&seen.view.content).unwrap(), content);
    assert_eq!(seen.view.heads, made.view.heads);
    cluster.stop_all().await;
}
