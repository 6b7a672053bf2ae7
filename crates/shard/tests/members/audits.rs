//! Replicas compare their states, and one that was altered is taken out.

use crate::cluster::{Cluster, caller, text};
use base::{NodeId, ShardId};
use rpc::{ShardState, Shards};
use shard::raft::{AuditPolicy, Finding};
use shard::store::{DocumentRecord, Head, Lookup, NodeStore, Space, key};
use shard::{Policy, StoreOptions};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tokio::time::sleep;

const SHARD: ShardId = ShardId(0);
/// The node that leads when it can.
const ONE: NodeId = NodeId(1);
const LIMIT: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(60);

/// A cluster of three with a document in its shard, and audits so often.
async fn cluster(every: Duration) -> Cluster {
    let policy = Policy { audit: AuditPolicy { every }, ..Policy::default() };
    let cluster = Cluster::start_with(3, 1, policy).await;
    create(&cluster).await;
    cluster
}

async fn create(cluster: &Cluster) {
    cluster.ask(|node| async move { node.create(caller("ada"), text("x")).await }).await;
}

/// Waits until a node has applied what there is by now, and stops it.
async fn stop_caught_up(cluster: &mut Cluster, node: NodeId) {
    let index = async |node| cluster.service(node).digests().await.unwrap().first().map(|it| it.index);
    let (newest, started) = (index(cluster.leader(SHARD).await).await, Instant::now());
    while index(node).await < newest {
        assert!(started.elapsed() < PATIENCE, "{node:?} does not catch up");
        sleep(Duration::from_millis(10)).await;
    }
    cluster.stop(node).await;
}

/// Changes a record in the store of a node that does not run, as a disk or a mistake would.
fn alter(cluster: &Cluster, node: NodeId) {
    let database = NodeStore::open(&cluster.folder(node).join("store"), StoreOptions::default()).unwrap();
    let store = database.shard(SHARD).unwrap();
    let is_head = |at: &[u8]| key::record_kind(at) == Some(DocumentRecord::Head);
    let mut pairs = store.prefix(Space::Documents, &[]).map(Result::unwrap);
    let (at, value) = pairs.find(|(at, _)| is_head(at)).unwrap();
    let head = Head { name: "something else".into(), ..Head::from_record(&value).unwrap() };
    let mut txn = store.begin();
    txn.put(Space::Documents, at.to_vec(), head.to_record());
    txn.commit().unwrap();
    store.make_durable().unwrap();
}

/// Waits until a node says that its shard is out, and what for.
async fn taken_out(cluster: &Cluster, node: NodeId) -> String {
    let started = Instant::now();
    loop {
        let health = cluster.service(node).health();
        if let [rpc::ShardHealth { state: ShardState::Broken { reason }, .. }] = &*health.shards {
            return reason.clone();
        }
        assert!(started.elapsed() < PATIENCE, "{node:?} stays: {:?}", health.shards);
        sleep(Duration::from_millis(10)).await;
    }
}

async fn until_leads(cluster: &Cluster, node: NodeId) {
    let started = Instant::now();
    while cluster.leader(SHARD).await != node {
        assert!(started.elapsed() < PATIENCE, "{node:?} does not lead");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthy_replicas_are_equal() {
    let cluster = cluster(Duration::ZERO).await;
    until_leads(&cluster, ONE).await;
    let found = cluster.node(ONE).audit(SHARD, LIMIT).await.unwrap();
    assert_eq!(found, Finding::Equal { compared: BTreeSet::from([1, 2, 3]) });
    // By hand: as soon as all stand at the same entry, they have the same hash.
    let started = Instant::now();
    loop {
        let mut digests = Vec::new();
        for node in [1, 2, 3].map(NodeId) {
            let [digest] = *cluster.service(node).digests().await.unwrap() else { panic!("one shard") };
            digests.push(digest);
        }
        if digests.iter().all(|digest| digest.index == digests[0].index) {
            assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
            break;
        }
        assert!(started.elapsed() < PATIENCE, "they do not meet: {digests:?}");
    }
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_was_altered_is_taken_out_and_stays_out() {
    let mut cluster = cluster(Duration::from_millis(300)).await;
    let odd = NodeId(3);
    stop_caught_up(&mut cluster, odd).await;
    alter(&cluster, odd);
    cluster.begin(odd).await;
    let reason = taken_out(&cluster, odd).await;
    assert!(reason.contains("quarantined: at entry "), "{reason}");
    create(&cluster).await;

    cluster.stop(odd).await;
    cluster.begin(odd).await;
    let reason = taken_out(&cluster, odd).await;
    assert!(reason.contains("shard 0: this replica is quarantined"), "{reason}");
    create(&cluster).await;
    for healthy in cluster.others(odd) {
        let [shard] = &*cluster.service(healthy).health().shards else { panic!("one shard") };
        assert!(!matches!(shard.state, ShardState::Broken { .. }), "{healthy:?}: {:?}", shard.state);
    }
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_was_altered_gives_way() {
    let mut cluster = cluster(Duration::ZERO).await;
    stop_caught_up(&mut cluster, ONE).await;
    alter(&cluster, ONE);
    cluster.begin(ONE).await;
    until_leads(&cluster, ONE).await;
    let found = cluster.node(ONE).audit(SHARD, LIMIT).await.unwrap();
    assert!(matches!(&found, Finding::Odd { odd, .. } if odd.keys().eq([&1])), "{found:?}");
    taken_out(&cluster, ONE).await;
    assert_ne!(cluster.leader(SHARD).await, ONE);
    create(&cluster).await;
    cluster.stop_all().await;
}
