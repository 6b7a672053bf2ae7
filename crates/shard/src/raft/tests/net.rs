//! A network inside one process. Messages of one lane between two nodes keep their order.

use base::{NodeId, ShardId};
use bytes::Bytes;
use futures::StreamExt;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rpc::{Lane, PeerAnswer, PeerError, Pieces, RaftPeer, RaftPeers, RaftReplicas};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How a network behaves.
#[derive(Clone, Copy)]
pub struct Weather {
    pub delay: (Duration, Duration),
    /// Of a thousand messages, so many are lost.
    pub lost_per_mille: u32,
}

pub const FAIR: Weather = Weather { delay: (Duration::ZERO, Duration::from_micros(500)), lost_per_mille: 0 };

/// The network.
pub struct Net {
    state: Mutex<State>,
    frozen: watch::Sender<BTreeSet<u64>>,
    /// How many snapshots have set out.
    pub snapshots: AtomicU64,
}

struct State {
    chance: StdRng,
    weather: Weather,
    /// Who is up, in which life, and what takes its messages.
    up: HashMap<u64, (u64, Arc<dyn RaftReplicas>)>,
    lives: u64,
    /// Links that are cut, by direction.
    cut: BTreeSet<(u64, u64)>,
    /// How many snapshots are damaged on their way before one comes through.
    damaged_snapshots: u32,
}

struct Message {
    at: Instant,
    lane: Lane,
    shard: ShardId,
    bytes: Bytes,
    answer: oneshot::Sender<Result<Bytes, PeerError>>,
}

impl Net {
    pub fn new(seed: u64, weather: Weather) -> Arc<Net> {
        let state = State {
            chance: StdRng::seed_from_u64(seed),
            weather,
            up: HashMap::new(),
            lives: 0,
            cut: BTreeSet::new(),
            damaged_snapshots: 0,
        };
        let (frozen, _) = watch::channel(BTreeSet::new());
        Arc::new(Net { state: Mutex::new(state), frozen, snapshots: AtomicU64::new(0) })
    }

    /// The network as one life of a node sees it. It carries nothing until the node is up.
    pub fn of(self: &Arc<Self>, node: u64) -> Arc<Port> {
        let mut state = self.state.lock();
        state.lives += 1;
        Arc::new(Port { net: self.clone(), node, life: state.lives, links: Arc::default() })
    }

    pub fn up(&self, port: &Port, replicas: Arc<dyn RaftReplicas>) {
        self.state.lock().up.insert(port.node, (port.life, replicas));
    }

    /// Ends one life of a node; not the next one, if that has begun.
    pub fn down(&self, port: &Port) {
        let mut state = self.state.lock();
        if state.up.get(&port.node).is_some_and(|(life, _)| *life == port.life) {
            state.up.remove(&port.node);
        }
    }

    pub fn weather(&self, weather: Weather) {
        self.state.lock().weather = weather;
    }

    /// Cuts the links between two nodes, both ways.
    pub fn cut(&self, one: u64, other: u64) {
        self.state.lock().cut.extend([(one, other), (other, one)]);
    }

    /// Nothing of what `from` says reaches `to` any more.
    pub fn deafen(&self, from: u64, to: u64) {
        self.state.lock().cut.insert((from, to));
    }

    pub fn heal(&self) {
        self.state.lock().cut.clear();
    }

    /// Holds everything that goes to or comes from a node.
    pub fn freeze(&self, node: u64) {
        self.frozen.send_if_modified(|frozen| frozen.insert(node));
    }

    pub fn thaw(&self, node: u64) {
        self.frozen.send_if_modified(|frozen| frozen.remove(&node));
    }

    pub fn damage_snapshots(&self, count: u32) {
        self.state.lock().damaged_snapshots = count;
    }

    fn delay(&self) -> Duration {
        let mut state = self.state.lock();
        let (least, most) = state.weather.delay;
        state.chance.random_range(least..=most)
    }

    /// Whether a message makes it.
    fn carries(&self, from: u64, to: u64) -> bool {
        let mut state = self.state.lock();
        let lost = state.weather.lost_per_mille;
        !state.cut.contains(&(from, to)) && state.chance.random_range(0..1_000) >= lost
    }

    fn life(&self, node: u64) -> Option<u64> {
        self.state.lock().up.get(&node).map(|(life, _)| *life)
    }

    fn replicas(&self, node: u64) -> Option<Arc<dyn RaftReplicas>> {
        self.state.lock().up.get(&node).map(|(_, replicas)| replicas.clone())
    }

    async fn thawed(&self, one: u64, other: u64) {
        let mut frozen = self.frozen.subscribe();
        let both = |frozen: &BTreeSet<u64>| !frozen.contains(&one) && !frozen.contains(&other);
        frozen.wait_for(both).await.unwrap();
    }
}

/// The network as one life of a node sees it.
pub struct Port {
    net: Arc<Net>,
    node: u64,
    life: u64,
    links: Arc<Mutex<Links>>,
}

/// The ways to other nodes, by lane.
type Links = BTreeMap<(u64, u8), mpsc::UnboundedSender<Message>>;

impl Port {
    fn send(&self, to: u64, message: Message) {
        let mut links = self.links.lock();
        let link = links.entry((to, message.lane as u8)).or_insert_with(|| {
            let (sender, messages) = mpsc::unbounded_channel();
            // Ends with the last port of this life, which holds the sender.
            tokio::spawn(deliver(self.net.clone(), (self.node, self.life), to, messages));
            sender
        });
        // Nobody delivers any more when the test ends.
        let _ = link.send(message);
    }
}

async fn deliver(
    net: Arc<Net>,
    (from, life): (u64, u64),
    to: u64,
    mut messages: mpsc::UnboundedReceiver<Message>,
) {
    while let Some(Message { at, lane, shard, bytes, answer }) = messages.recv().await {
        sleep_until(at).await;
        net.thawed(from, to).await;
        if net.life(from) != Some(life) || !net.carries(from, to) {
            // Nobody answers; who asked finds out by waiting.
            tokio::spawn(hold(answer));
            continue;
        }
        let Some(replicas) = net.replicas(to) else {
            let reason = "it is down".to_owned();
            let _ = answer.send(Err(PeerError::Unreachable { node: NodeId(to), reason }));
            continue;
        };
        let answering = replicas.handle(NodeId(from), lane, shard, bytes);
        let net = net.clone();
        tokio::spawn(async move {
            let answered = answering.await;
            sleep(net.delay()).await;
            net.thawed(from, to).await;
            if net.carries(to, from) {
                let _ = answer.send(answered);
            } else {
                hold(answer).await;
            }
        });
    }
}

/// Keeps an answer from coming until nobody waits for it.
async fn hold(mut answer: oneshot::Sender<Result<Bytes, PeerError>>) {
    answer.closed().await;
}

impl RaftPeers for Port {
    fn peer(&self, node: NodeId) -> Arc<dyn RaftPeer> {
        let Port { net, node: own, life, links } = self;
        let port = Port { net: net.clone(), node: *own, life: *life, links: links.clone() };
        Arc::new(Peer { port, to: node.0 })
    }
}

struct Peer {
    port: Port,
    to: u64,
}

impl RaftPeer for Peer {
    fn call(&self, lane: Lane, shard: ShardId, bytes: Bytes, limit: Duration) -> PeerAnswer {
        let (answer, answered) = oneshot::channel();
        let at = Instant::now() + self.port.net.delay();
        self.port.send(self.to, Message { at, lane, shard, bytes, answer });
        let node = NodeId(self.to);
        Box::pin(async move {
            match timeout(limit, answered).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) | Err(_) => Err(PeerError::Late { node }),
            }
        })
    }

    fn send_snapshot(&self, shard: ShardId, head: Bytes, pieces: Pieces, silence: Duration) -> PeerAnswer {
        let (net, from, to, life) = (self.port.net.clone(), self.port.node, self.to, self.port.life);
        let node = NodeId(to);
        Box::pin(async move {
            sleep(net.delay()).await;
            let unreachable = || PeerError::Unreachable { node, reason: "the link is cut".to_owned() };
            if net.life(from) != Some(life) || !net.carries(from, to) {
                return Err(unreachable());
            }
            net.snapshots.fetch_add(1, Ordering::Relaxed);
            let damaged = {
                let mut state = net.state.lock();
                let damaged = state.damaged_snapshots > 0;
                state.damaged_snapshots = state.damaged_snapshots.saturating_sub(1);
                damaged
            };
            let replicas = net.replicas(to).ok_or_else(unreachable)?;
            let carrying = net.clone();
            let pieces = pieces.map(move |piece| {
                if carrying.life(from) != Some(life) || !carrying.carries(from, to) {
                    return Err(io::Error::other("the link was cut"));
                }
                let mut piece = piece?.to_vec();
                piece[0] ^= u8::from(damaged);
                Ok(Bytes::from(piece))
            });
            let answering = replicas.receive_snapshot(NodeId(from), shard, head, Box::pin(pieces));
            timeout(silence, answering).await.map_err(|_| PeerError::Late { node })?
        })
    }
}
