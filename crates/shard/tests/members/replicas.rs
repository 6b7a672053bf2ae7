//! Replicas that come and go while the nodes run.

use crate::cluster::{self, Cluster, caller, key};
use crate::{splice, text};
use base::{DocId, NodeId, ShardId, SlotMap, Timestamp};
use parking_lot::Mutex;
use rpc::{Read, Refusal, Shards, TicketId, Tickets};
use shard::raft::Founding;
use shard::{Replica, ReplicaError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;
use wal::{GroupId, Wal};

const FOUR: NodeId = NodeId(4);
const SHARD: ShardId = ShardId(0);

fn joining(leader: NodeId) -> Replica {
    Replica { founding: Founding::Join, leader }
}

async fn made(cluster: &Cluster, content: &str) -> DocId {
    let create = cluster::text(content);
    let make = |node: shard::NodeService| {
        let create = create.clone();
        async move { node.create(caller("ada"), create).await }
    };
    cluster.ask(make).await.view.id
}

/// What a stopped node has on its disk of a shard: whether there is a log, and how many bytes of documents.
fn on_disk(cluster: &Cluster, node: NodeId, shard: ShardId) -> bool {
    let options = wal::Options { segment_bytes: 1 << 20, ..wal::Options::default() };
    let (wal, _) = Wal::open(&cluster.folder(node).join("wal"), options).unwrap();
    let there = wal.groups().contains(&GroupId(shard.0));
    wal.close();
    there
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_moves_to_a_node_that_came_later() {
    let mut cluster = Cluster::start(3, 1).await;
    let id = made(&cluster, "here").await;
    cluster.begin_empty(FOUR).await;
    let read = Read { id, at: rpc::At::Now, at_least: None };
    let nowhere = cluster.service(FOUR).read(caller("ada"), read.clone()).await.map(drop);
    assert_eq!(nowhere, Err(Refusal::Elsewhere { shard: SHARD, leader: None }));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = heard.clone();
    cluster
        .service(FOUR)
        .on_revoked(Arc::new(move |caller, ticket| hears.lock().push((caller.clone(), ticket))));

    assert_eq!(cluster.node(FOUR).shards_on_disk(), BTreeSet::new());
    let leader = cluster.leader(SHARD).await;
    assert_eq!(cluster.node(leader).shards_on_disk(), BTreeSet::from([SHARD]));
    let old = cluster.others(leader).into_iter().find(|&node| node != FOUR).unwrap();
    cluster.node(FOUR).add_replica(SHARD, joining(leader)).await.unwrap();
    assert!(cluster.node(FOUR).joins(SHARD).await && !cluster.node(NodeId(1)).joins(SHARD).await);
    let twice = cluster.node(FOUR).add_replica(SHARD, joining(leader)).await;
    assert!(matches!(twice, Err(ReplicaError::Present(SHARD))), "{twice:?}");
    cluster.moved(SHARD, old, FOUR).await;
    cluster.led_by(SHARD, FOUR).await;
    let leads = cluster.node(FOUR).remove_replica(SHARD).await;
    assert!(matches!(leads, Err(ReplicaError::Leads(SHARD))), "{leads:?}");
    let expected: Vec<_> = [1, 2, 3, 4].map(NodeId).into_iter().filter(|&node| node != old).collect();
    assert_eq!(cluster.led(FOUR, SHARD).await.voters, expected);
    let wrote = cluster.service(FOUR).write(caller("ada"), splice(id, "now ")).await.unwrap();
    assert_eq!(text(&wrote), "now here");
    let ticket = TicketId([7; 16]);
    let until = Timestamp(base::now().0 + 60_000);
    cluster.service(FOUR).revoke(caller("ada"), ticket, until).await.unwrap();
    assert_eq!(*heard.lock(), [(caller("ada"), ticket)], "it listened before there was a replica");

    cluster.node(old).remove_replica(SHARD).await.unwrap();
    cluster.node(old).remove_replica(SHARD).await.unwrap();
    assert_eq!(cluster.node(old).replicas_here(), []);
    let gone = cluster.service(old).read(caller("ada"), read.clone()).await.map(drop);
    assert_eq!(gone, Err(Refusal::Elsewhere { shard: SHARD, leader: None }));
    cluster.stop(old).await;
    assert!(!on_disk(&cluster, old, SHARD), "the log is held by what has left");

    // It comes back under the same id, and keeps its promises.
    cluster.begin_empty(old).await;
    cluster.node(old).add_replica(SHARD, joining(FOUR)).await.unwrap();
    let third = expected[0];
    cluster.moved(SHARD, third, old).await;
    cluster.node(third).remove_replica(SHARD).await.unwrap();
    cluster.led_by(SHARD, old).await;
    let seen = cluster.service(old).read(caller("ada"), read).await.unwrap();
    assert_eq!(text(&seen), "now here");
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_moved_away_while_its_node_was_down_is_found_on_its_disk() {
    let mut cluster = Cluster::start(3, 1).await;
    made(&cluster, "here").await;
    let leader = cluster.leader(SHARD).await;
    let old = cluster.others(leader)[0];
    cluster.stop(old).await;
    cluster.begin_empty(FOUR).await;
    cluster.node(FOUR).add_replica(SHARD, joining(leader)).await.unwrap();
    cluster.moved(SHARD, old, FOUR).await;
    let leader = cluster.leader(SHARD).await;
    let led = cluster.led(leader, SHARD).await;
    assert!(!led.voters.contains(&old));

    cluster.begin_empty(old).await;
    let node = cluster.node(old);
    assert_eq!((node.replicas_here(), node.shards_on_disk()), (vec![], BTreeSet::from([SHARD])));
    let heard = node.heard_up_to(SHARD).await.unwrap().unwrap();
    assert!((heard.term, heard.index) <= (led.term, led.applied), "{heard}: {led:?}");
    node.remove_replica(SHARD).await.unwrap();
    assert_eq!(node.shards_on_disk(), BTreeSet::new());
    assert_eq!(node.heard_up_to(SHARD).await.unwrap(), None);
    cluster.stop_all().await;
}

/// Who takes it for one that knows nothing takes it away, with all that it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_has_just_begun_is_known_to_have_heard_something() {
    let mut cluster = Cluster::start(3, 1).await;
    made(&cluster, "here").await;
    let leader = cluster.leader(SHARD).await;
    let old = cluster.others(leader)[0];
    cluster.begin_empty(FOUR).await;
    let new = cluster.node(FOUR);
    new.add_replica(SHARD, joining(leader)).await.unwrap();
    assert_eq!(new.heard_up_to(SHARD).await.unwrap(), None, "nobody has told it anything");
    let began = Instant::now();
    while cluster.node(old).heard_up_to(SHARD).await.unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(20), "it hears nothing");
        sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..5 {
        cluster.stop(old).await;
        cluster.begin_empty(old).await;
        let node = cluster.node(old);
        node.add_replica(SHARD, joining(leader)).await.unwrap();
        // From the first moment on, whatever its group knows by then.
        assert!(node.heard_up_to(SHARD).await.unwrap().is_some());
    }
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_not_told_where_things_are_says_so_until_it_is() {
    let mut cluster = Cluster::start(1, 1).await;
    let id = made(&cluster, "x").await;
    cluster.begin_without_slots(FOUR).await;
    let write = || splice(id, "y");
    let untold = cluster.service(FOUR).write(caller("ada"), write()).await.map(drop);
    assert!(matches!(untold, Err(Refusal::Unavailable { .. })), "{untold:?}");
    cluster.node(FOUR).set_slots(SlotMap::even(1));
    let told = cluster.service(FOUR).write(caller("ada"), write()).await.map(drop);
    assert_eq!(told, Err(Refusal::Elsewhere { shard: SHARD, leader: None }));
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_that_was_cut_short_is_finished_by_the_next_start() {
    let mut cluster = Cluster::start(3, 1).await;
    made(&cluster, "x").await;
    let leader = cluster.leader(SHARD).await;
    let old = cluster.others(leader)[0];
    cluster.begin_empty(FOUR).await;
    cluster.node(FOUR).add_replica(SHARD, joining(leader)).await.unwrap();
    cluster.moved(SHARD, old, FOUR).await;
    cluster.stop(old).await;
    assert!(on_disk(&cluster, old, SHARD));
    // As it is noted before anything is cleared.
    let promise = r#"{"vote":{"term":1,"node":1,"committed":true},"last":{"term":1,"node":1,"index":3}}"#;
    let page = format!(r#"{{"format":1,"replicas":{{"0":{{"cleared":false,"promise":{promise}}}}}}}"#);
    std::fs::write(cluster.folder(old).join("left.json"), page).unwrap();
    cluster.begin_empty(old).await;
    cluster.stop(old).await;
    assert!(!on_disk(&cluster, old, SHARD));
    let page = std::fs::read_to_string(cluster.folder(old).join("left.json")).unwrap();
    assert!(page.contains("\"cleared\": true") && page.contains("\"index\": 3"), "{page}");
    cluster.stop_all().await;
}

/// Requests go on while the voters of their shard are exchanged, every one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_voters_of_a_shard_are_exchanged_under_writes() {
    let mut cluster = Cluster::start(3, 1).await;
    let id = made(&cluster, "").await;
    for node in [4, 5, 6].map(NodeId) {
        cluster.begin_empty(node).await;
        cluster.node(node).add_replica(SHARD, joining(NodeId(4))).await.unwrap();
    }
    let wanted = [4, 5, 6].map(NodeId);
    let changing = async {
        let started = Instant::now();
        loop {
            let leader = cluster.leader(SHARD).await;
            let progress = tokio::sync::watch::channel(shard::raft::Progress::default()).0;
            let changed = cluster.node(leader).become_voters(SHARD, &wanted.into(), &progress).await;
            if changed.is_ok() {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{changed:?}");
            sleep(Duration::from_millis(20)).await;
        }
    };
    let writing = async {
        for number in 0..20 {
            let write = rpc::Write { key: key(), ..splice(id, &format!("{number} ")) };
            let wrote = cluster
                .ask(|node| {
                    let write = write.clone();
                    async move { node.write(caller("ada"), write).await }
                })
                .await;
            assert_eq!(wrote.view.version, number + 2);
        }
    };
    tokio::join!(changing, writing);
    let leader = cluster.leader(SHARD).await;
    assert!(wanted.contains(&leader));
    assert_eq!(cluster.led(leader, SHARD).await.voters, wanted);
    for gone in [1, 2, 3].map(NodeId) {
        cluster.node(gone).remove_replica(SHARD).await.unwrap();
    }
    let read = Read { id, at: rpc::At::Now, at_least: None };
    let seen = cluster.service(leader).read(caller("ada"), read).await.unwrap();
    assert!(text(&seen).starts_with("19 18 17 "), "{}", text(&seen));
    cluster.stop_all().await;
}
