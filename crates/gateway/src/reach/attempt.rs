//! Asking until there is an answer, or the budget is used up.
//!
//! What is asked may be asked again: reads change nothing, and everything else carries a key that the shard knows it by.

use super::choose::Trail;
use super::map::{Map, Replicas};
use super::pace;
use base::{NodeId, ShardId, Slot};
use futures::future::BoxFuture;
use parking_lot::RwLock;
use rpc::{Refusal, SharedLive, SharedShards, SharedTickets};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// A node, as a gateway speaks with it.
#[derive(Clone)]
pub struct Node {
    /// Requests.
    pub shards: SharedShards,
    /// Sockets.
    pub live: SharedLive,
    /// Tickets.
    pub tickets: SharedTickets,
}

/// The nodes by their ids; `None` for one that nobody knows. Called often; must not block.
pub type Nodes = Arc<dyn Fn(NodeId) -> Option<Node> + Send + Sync>;

/// How long a request is tried: longer than the others take to elect a leader, shorter than people wait.
const BUDGET: Duration = Duration::from_secs(8);

/// When a client should come again that was told that its shard is not to be had.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The shards of a cluster.
pub struct Reach {
    pub(super) map: watch::Receiver<Arc<Map>>,
    pub(super) nodes: Nodes,
    /// Who answered last for each shard.
    learned: RwLock<HashMap<ShardId, NodeId>>,
}

/// How one node met a request.
enum Met<T> {
    Answered(Result<T, Refusal>),
    /// It did nothing.
    InVain { named: Option<NodeId>, reason: String },
    /// Nobody can say what it did.
    Lost,
}

impl Reach {
    /// The shards by a map that somebody keeps up to date.
    pub fn new(map: watch::Receiver<Arc<Map>>, nodes: Nodes) -> Reach {
        Reach { map, nodes, learned: RwLock::default() }
    }

    /// Asks whoever leads the shard of a slot.
    pub(super) async fn ask<T>(
        &self,
        slot: Slot,
        call: impl Fn(Node) -> BoxFuture<'static, Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let deadline = Instant::now() + BUDGET;
        let (mut trail, mut rounds, mut lost) = (Trail::default(), 0, false);
        let mut reason = "its nodes are not known yet".to_owned();
        let mut shard = ShardId(0);
        loop {
            let next = {
                let map = self.map.borrow();
                map.shard_of(slot).and_then(|holder| {
                    shard = holder;
                    trail.next(map.shards.get(&holder)?, self.learned(holder))
                })
            };
            if let Some(node) = next {
                match self.meet(shard, node, deadline, &call).await {
                    Met::Answered(answer) => {
                        self.learn(shard, node);
                        return answer;
                    }
                    Met::InVain { named, reason: why } => {
                        reason = why;
                        trail.in_vain(node, named);
                    }
                    Met::Lost => {
                        lost = true;
                        trail.in_vain(node, None);
                    }
                }
                self.unlearn(shard, node);
            } else {
                sleep(pace::wait(rounds, rand::random())).await;
                rounds += 1;
                trail.begin_round();
            }
            if Instant::now() >= deadline {
                return Err(match lost {
                    true => Refusal::Unknown { shard },
                    false => Refusal::Unavailable { shard, reason, retry_after: RETRY_AFTER },
                });
            }
        }
    }

    /// One node. It is not waited for beyond the deadline, nor once another one says that it leads the shard.
    async fn meet<T>(
        &self,
        shard: ShardId,
        node: NodeId,
        deadline: Instant,
        call: impl Fn(Node) -> BoxFuture<'static, Result<T, Refusal>>,
    ) -> Met<T> {
        let Some(reached) = (self.nodes)(node) else {
            return Met::InVain { named: None, reason: format!("node {node} is not known") };
        };
        let answer = tokio::select! {
            answer = call(reached) => answer,
            () = self.until_replaced(shard, node) => return Met::Lost,
            () = tokio::time::sleep_until(deadline) => return Met::Lost,
        };
        match answer {
            Err(Refusal::Elsewhere { leader, .. }) => {
                Met::InVain { named: leader, reason: "no node leads it at the moment".to_owned() }
            }
            Err(Refusal::Unavailable { reason, .. }) => Met::InVain { named: None, reason },
            Err(Refusal::Unknown { .. }) => Met::Lost,
            answer => Met::Answered(answer),
        }
    }

    /// Waits until another node than `node` says that it leads the shard, in a later term than was known.
    async fn until_replaced(&self, shard: ShardId, node: NodeId) {
        let mut map = self.map.clone();
        let leader = |map: &Map| map.shards.get(&shard).and_then(|Replicas { leader, .. }| *leader);
        let known = leader(&map.borrow_and_update()).map_or(0, |(_, term)| term);
        let replaced = map
            .wait_for(|map| leader(map).is_some_and(|(leader, term)| leader != node && term > known))
            .await
            .is_ok();
        if !replaced {
            // Nobody keeps the map any more: nothing will be heard of another leader.
            std::future::pending::<()>().await;
        }
    }

    fn learned(&self, shard: ShardId) -> Option<NodeId> {
        self.learned.read().get(&shard).copied()
    }

    fn learn(&self, shard: ShardId, node: NodeId) {
        if self.learned(shard) != Some(node) {
            self.learned.write().insert(shard, node);
        }
    }

    fn unlearn(&self, shard: ShardId, node: NodeId) {
        if self.learned(shard) == Some(node) {
            self.learned.write().remove(&shard);
        }
    }
}
