//! Some nodes, and the way between them.

use base::{Limits, NodeId, Shape, ShardId, SlotMap, TenantId, UserId};
use bytes::Bytes;
use parking_lot::Mutex;
use rpc::{
    Caller, Create, EditKey, Lane, PeerAnswer, PeerError, Pieces, RaftPeer, RaftPeers, RaftReplicas, Refusal,
    ShardState, Shards,
};
use serde_json::json;
use shard::raft::{ChangeError, Founding, MoveError, Progress};
use shard::{
    EngineOptions, Led, Member, Node, NodeError, NodeOptions, NodeService, Place, Policy, Replica,
    StoreOptions,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::ready;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use vault::MasterKey;

/// Far beyond what anything here takes: only a test that fails waits for it.
pub const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The nodes that run, by their ids, and those that run and that nobody hears, nor do they hear anybody.
#[derive(Clone, Default)]
struct Wires {
    up: Arc<Mutex<HashMap<NodeId, Arc<dyn RaftReplicas>>>>,
    cut_off: Arc<Mutex<BTreeSet<NodeId>>>,
}

/// The way from one node to another.
struct Wire {
    from: NodeId,
    to: NodeId,
    wires: Wires,
}

/// The ways from one node.
struct From {
    node: NodeId,
    wires: Wires,
}

impl RaftPeers for From {
    fn peer(&self, node: NodeId) -> Arc<dyn RaftPeer> {
        Arc::new(Wire { from: self.node, to: node, wires: self.wires.clone() })
    }
}

impl Wire {
    fn end(&self) -> Result<Arc<dyn RaftReplicas>, PeerError> {
        let away = || PeerError::Unreachable { node: self.to, reason: "it does not run".to_owned() };
        let cut_off = self.wires.cut_off.lock();
        if cut_off.contains(&self.from) || cut_off.contains(&self.to) {
            return Err(away());
        }
        self.wires.up.lock().get(&self.to).cloned().ok_or_else(away)
    }
}

impl RaftPeer for Wire {
    fn call(&self, lane: Lane, shard: ShardId, message: Bytes, limit: Duration) -> PeerAnswer {
        let to = self.to;
        match self.end() {
            Ok(end) => {
                let answer = end.handle(self.from, lane, shard, message);
                Box::pin(
                    async move { timeout(limit, answer).await.unwrap_or(Err(PeerError::Late { node: to })) },
                )
            }
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    fn send_snapshot(&self, shard: ShardId, head: Bytes, pieces: Pieces, _: Duration) -> PeerAnswer {
        match self.end() {
            Ok(end) => end.receive_snapshot(self.from, shard, head, pieces),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

pub struct Cluster {
    folders: BTreeMap<NodeId, TempDir>,
    nodes: BTreeMap<NodeId, Node>,
    wires: Wires,
    shards: u32,
    policy: Policy,
}

impl Cluster {
    /// So many nodes, all of which have a replica of each of so many shards.
    pub async fn start(nodes: u64, shards: u32) -> Cluster {
        Cluster::start_with(nodes, shards, Policy::default()).await
    }

    /// The same, with groups that are looked after in another way.
    pub async fn start_with(nodes: u64, shards: u32, policy: Policy) -> Cluster {
        let folders = (1..=nodes).map(|node| (NodeId(node), tempfile::tempdir().unwrap())).collect();
        let (nodes_up, wires) = (BTreeMap::new(), Wires::default());
        let mut cluster = Cluster { folders, nodes: nodes_up, wires, shards, policy };
        for node in 1..=nodes {
            cluster.begin(NodeId(node)).await;
        }
        cluster
    }

    pub async fn begin(&mut self, node: NodeId) {
        self.begin_as(node, node).await.unwrap();
    }

    /// Starts one more node, or one that was there, without any replica.
    pub async fn begin_empty(&mut self, node: NodeId) {
        self.folders.entry(node).or_insert_with(|| tempfile::tempdir().unwrap());
        let slots = Some(SlotMap::even(self.shards));
        self.begin_with(node, node, BTreeMap::new(), slots).await.unwrap();
    }

    /// The same, and nobody tells it which shard holds what.
    pub async fn begin_without_slots(&mut self, node: NodeId) {
        self.folders.entry(node).or_insert_with(|| tempfile::tempdir().unwrap());
        self.begin_with(node, node, BTreeMap::new(), None).await.unwrap();
    }

    /// Starts a node in the folder of one, by the name of another.
    pub async fn begin_as(&mut self, folder: NodeId, node: NodeId) -> Result<(), NodeError> {
        let replicas = (0..self.shards).map(|shard| (ShardId(shard), self.replica(node, shard))).collect();
        self.begin_with(folder, node, replicas, Some(SlotMap::even(self.shards))).await
    }

    async fn begin_with(
        &mut self,
        folder: NodeId,
        node: NodeId,
        replicas: BTreeMap<ShardId, Replica>,
        slots: Option<SlotMap>,
    ) -> Result<(), NodeError> {
        let begin = Instant::now();
        let started = loop {
            let member = Member {
                node,
                slots: slots.clone(),
                replicas: replicas.clone(),
                peers: Arc::new(From { node, wires: self.wires.clone() }),
                cluster: None,
                snapshot_bytes_per_second: 64 << 20,
            };
            let options = NodeOptions {
                folder: self.folders[&folder].path().to_owned(),
                place: Place::Member(member),
                wal: wal::Options { segment_bytes: 1 << 20, ..wal::Options::default() },
                store: StoreOptions::default(),
                engine: EngineOptions { cache_bytes: 64 << 20, workers: 2, limits: Limits::default() },
                policy: self.policy,
            };
            let master = MasterKey::from_hex(&"07".repeat(32), "a test").unwrap();
            match Node::start(options, master).await {
                // The log of a node that stopped is let go of by the last one that looks at it.
                Err(NodeError::Log { source: wal::OpenError::Locked(_), .. })
                    if begin.elapsed() < PATIENCE =>
                {
                    sleep(LOOK_AGAIN).await;
                }
                started => break started?,
            }
        };
        self.wires.up.lock().insert(node, started.replicas());
        self.nodes.insert(node, started);
        Ok(())
    }

    /// Lets a node run on alone.
    pub fn cut_off(&self, node: NodeId) {
        self.wires.cut_off.lock().insert(node);
    }

    /// Lets it hear the others again.
    pub fn heal(&self, node: NodeId) {
        self.wires.cut_off.lock().remove(&node);
    }

    /// Lets the nodes hand a shard over until a certain one leads it.
    pub async fn until_led_by(&self, shard: ShardId, wanted: NodeId) {
        let started = Instant::now();
        loop {
            let leader = self.leader(shard).await;
            if leader == wanted {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{wanted:?} does not come to lead");
            self.node(leader).give_way(Duration::from_secs(10)).await;
        }
    }

    /// Where a node keeps its data.
    pub fn folder(&self, node: NodeId) -> &Path {
        self.folders[&node].path()
    }

    /// Shards are founded by the nodes in turn.
    fn replica(&self, node: NodeId, shard: u32) -> Replica {
        let voters: BTreeSet<u64> = self.folders.keys().map(|node| node.0).collect();
        let leader = NodeId(u64::from(shard) % voters.len() as u64 + 1);
        let founding = if node == leader { Founding::Found { voters } } else { Founding::Join };
        Replica { founding, leader }
    }

    /// Stops a node; the others cannot reach it from then on.
    pub async fn stop(&mut self, node: NodeId) {
        self.wires.up.lock().remove(&node);
        self.nodes.remove(&node).unwrap().stop().await;
    }

    pub async fn stop_all(mut self) {
        self.wires.up.lock().clear();
        for node in std::mem::take(&mut self.nodes).into_values() {
            node.stop().await;
        }
    }

    pub fn node(&self, node: NodeId) -> &Node {
        &self.nodes[&node]
    }

    pub fn service(&self, node: NodeId) -> NodeService {
        self.nodes[&node].service()
    }

    pub fn others(&self, than: NodeId) -> Vec<NodeId> {
        self.nodes.keys().copied().filter(|node| *node != than).collect()
    }

    /// The node that serves a shard, once one does.
    pub async fn leader(&self, shard: ShardId) -> NodeId {
        let started = Instant::now();
        loop {
            let serves = |(id, node): (&NodeId, &Node)| {
                let shards = node.service().health().shards;
                let serves = shards.iter().any(|it| it.shard == shard && it.state == ShardState::Serving);
                serves.then_some(*id)
            };
            if let Some(leader) = self.nodes.iter().find_map(serves) {
                return leader;
            }
            assert!(started.elapsed() < PATIENCE, "{shard:?} has no leader");
            sleep(LOOK_AGAIN).await;
        }
    }

    /// What a node says of a shard that it leads, once who votes is agreed upon.
    pub async fn led(&self, node: NodeId, shard: ShardId) -> Led {
        let started = Instant::now();
        loop {
            if let Some(led) = self.node(node).led().into_iter().find(|led| led.shard == shard) {
                return led;
            }
            assert!(started.elapsed() < PATIENCE, "{node:?} says nothing of {shard:?}");
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Moves a replica as a controller does: asks whoever leads, until it is done.
    pub async fn moved(&self, shard: ShardId, from: NodeId, to: NodeId) {
        let progress = watch::channel(Progress::default()).0;
        loop {
            let leader = self.leader(shard).await;
            match self.nodes[&leader].move_replica(shard, from, to, &progress).await {
                Ok(()) => return,
                Err(MoveError::HandedOver { .. } | MoveError::Transfer(_)) => {}
                Err(MoveError::Change(ChangeError::Refused(why))) => panic!("{why}"),
                Err(MoveError::Change(_)) => {}
                Err(error @ MoveError::Silent { .. }) => panic!("{error}"),
            }
        }
    }

    /// Lets a node lead a shard, and waits until it does.
    pub async fn led_by(&self, shard: ShardId, wanted: NodeId) {
        self.nodes.values().for_each(|node| node.prefer_leader(shard, wanted));
        let started = Instant::now();
        while self.leader(shard).await != wanted {
            assert!(started.elapsed() < PATIENCE, "{wanted:?} does not come to lead {shard:?}");
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Asks a node that does not lead a shard, until it names the one that does in every answer.
    pub async fn until_named<const N: usize>(
        &self,
        follower: NodeId,
        shard: ShardId,
        ask: impl AsyncFn() -> [Result<(), Refusal>; N],
    ) {
        let started = Instant::now();
        loop {
            let leader = self.leader(shard).await;
            assert_ne!(leader, follower, "it was to be one that does not lead");
            let named = Err(Refusal::Elsewhere { shard, leader: Some(leader) });
            let answers = ask().await;
            if answers.iter().all(|answer| *answer == named) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{follower:?} says {answers:?}, and {leader:?} leads");
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Asks one node after the other, again and again, until one does not say that it cannot.
    pub async fn ask<T, F: Future<Output = Result<T, Refusal>>>(&self, ask: impl Fn(NodeService) -> F) -> T {
        let started = Instant::now();
        loop {
            for node in self.nodes.values() {
                match ask(node.service()).await {
                    Ok(answer) => return answer,
                    Err(
                        Refusal::Elsewhere { .. } | Refusal::Unavailable { .. } | Refusal::Unknown { .. },
                    ) => {}
                    Err(refusal) => panic!("{refusal}"),
                }
            }
            assert!(started.elapsed() < PATIENCE, "nobody answers");
            sleep(LOOK_AGAIN).await;
        }
    }
}

pub fn caller(user: &str) -> Caller {
    Caller { tenant: TenantId::new("acme").unwrap(), user: UserId::new(user).unwrap() }
}

pub fn key() -> EditKey {
    EditKey { key: format!("{:032x}", rand::random::<u128>()), request_hash: [0; 32] }
}

pub fn text(content: &str) -> Create {
    Create {
        name: "notes".into(),
        shape: Shape::Text,
        content: json!(content),
        key: key(),
        labels: Default::default(),
    }
}
