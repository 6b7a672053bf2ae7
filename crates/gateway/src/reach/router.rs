//! Asking until there is an answer, or the budget is used up.
//!
//! What is asked may be asked again: reads change nothing, and everything else carries a key that the shard knows it by.

use super::circuit::Circuit;
use super::errand::{Errand, Place};
use super::map::{Map, Node, Nodes};
use super::pace;
use super::waiting::Waiting;
use base::{NodeId, ShardId};
use futures::future::BoxFuture;
use parking_lot::RwLock;
use rpc::Refusal;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// When a client should come again that was told that its shard is not to be had.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Finds the nodes of requests. What it learns makes it quicker, never right.
pub(super) struct Router {
    pub map: watch::Receiver<Arc<Map>>,
    pub nodes: Nodes,
    /// Who answered last for each shard, and in which term the map had it led when that one was asked.
    learned: RwLock<HashMap<ShardId, (NodeId, u64)>>,
    circuit: Circuit,
    waiting: Waiting,
}

/// How one node met a request.
enum Met<T> {
    Answered(Result<T, Refusal>),
    /// It did nothing.
    InVain {
        named: Option<NodeId>,
        reason: String,
    },
    /// Nobody can say what it did.
    Lost {
        reason: &'static str,
    },
}

/// A call of a node. It is given the node, and how long it may wait there.
pub(super) type Call<T> = BoxFuture<'static, Result<T, Refusal>>;

impl Router {
    /// The shards by a map, and the nodes, that somebody keeps up to date.
    pub fn new(map: watch::Receiver<Arc<Map>>, nodes: Nodes) -> Router {
        Router {
            map,
            nodes,
            learned: RwLock::default(),
            circuit: Circuit::default(),
            waiting: Waiting::default(),
        }
    }

    /// Asks whoever leads the shard that the errand is for. What it met stays in the errand.
    pub async fn ask<T>(
        &self,
        errand: &mut Errand,
        call: impl Fn(NodeId, Node, Duration) -> Call<T>,
    ) -> Result<T, Refusal> {
        let (mut shard, mut place) = (None, None);
        if errand.anyone {
            self.begin_anywhere(errand);
        }
        loop {
            shard = self.shard(errand.place).or(shard);
            if let Some((shard, node)) = shard.and_then(|shard| Some((shard, self.next(shard, errand)?))) {
                let term = self.term(shard);
                let met = self.meet(shard, node, errand, &call).await;
                errand.budget.failed(Instant::now());
                let search = &mut errand.search;
                match met {
                    Met::Answered(answer) => {
                        if !errand.anyone {
                            self.learn(shard, (node, term));
                        }
                        return match answer {
                            Err(refusal) if search.lost && errand.writes && is_of_this_attempt(&refusal) => {
                                Err(Refusal::Unknown { shard })
                            }
                            answer => answer,
                        };
                    }
                    Met::InVain { named, reason } => {
                        search.reason = reason;
                        search.trail.in_vain(node, named);
                    }
                    Met::Lost { reason } => {
                        search.reason = reason.to_owned();
                        search.lost = true;
                        search.trail.in_vain(node, None);
                    }
                }
                self.unlearn(shard, node);
            } else {
                let waits = shard.unwrap_or(ShardId(0));
                // What is tried for ever has lanes of its own.
                if !errand.budget.is_endless() && place.is_none() {
                    place = self.waiting.enter(waits, errand.guest);
                    if place.is_none() {
                        return Err(given_up(waits, errand));
                    }
                }
                self.rest(shard, errand).await;
            }
            if errand.budget.is_over(Instant::now()) {
                return Err(given_up(shard.unwrap_or(ShardId(0)), errand));
            }
        }
    }

    /// Begins with any replica.
    fn begin_anywhere(&self, errand: &mut Errand) {
        let Some(shard) = self.shard(errand.place) else { return };
        if let Some(replicas) = self.map.borrow().shards.get(&shard) {
            errand.search.trail.begin_anywhere(replicas, rand::random());
        }
    }

    /// The shard that a request is for, once there is a map.
    pub fn shard(&self, place: Place) -> Option<ShardId> {
        match place {
            Place::Slot(slot) => self.map.borrow().shard_of(slot),
            Place::Shard(shard) => Some(shard),
        }
    }

    /// The same, as soon as there is a map.
    pub async fn until_shard(&self, place: Place) -> ShardId {
        wait_for(self.map.clone(), |map| map.slots.is_some()).await;
        self.shard(place).unwrap_or(ShardId(0))
    }

    fn next(&self, shard: ShardId, errand: &Errand) -> Option<NodeId> {
        let (learned, now) = (self.learned(shard), Instant::now());
        let map = self.map.borrow();
        let replicas = map.shards.get(&shard)?;
        errand.search.trail.next(replicas, learned, |node| self.circuit.is_last(node, now))
    }

    /// Lets some time pass when everyone was asked; less if somebody says that it leads the shard now.
    async fn rest(&self, shard: Option<ShardId>, errand: &mut Errand) {
        let search = &mut errand.search;
        let wait = pace::wait(search.rounds, search.begun.elapsed(), rand::random());
        let until = Instant::now() + wait;
        tokio::select! {
            () = sleep(wait) => {}
            () = self.until_led_anew(shard) => {
                // Everyone hears of it at the same moment.
                sleep_until(until.min(Instant::now() + pace::spread(rand::random()))).await;
            }
        }
        search.rounds += 1;
        search.trail.begin_round();
    }

    /// One node. It is not waited for beyond the budget, nor once another one says that it leads the shard.
    async fn meet<T>(
        &self,
        shard: ShardId,
        node: NodeId,
        errand: &Errand,
        call: impl Fn(NodeId, Node, Duration) -> Call<T>,
    ) -> Met<T> {
        let found = self.nodes.borrow().get(&node).cloned();
        let Some(reached) = found else {
            return Met::InVain { named: None, reason: format!("node {node} is not known here") };
        };
        let now = Instant::now();
        let answer = tokio::select! {
            answer = call(node, reached.clone(), errand.budget.wait(now)) => answer,
            () = self.until_replaced(shard, node) => return Met::Lost { reason: "its leader was replaced" },
            () = until(errand.budget.gives_up(now)) => {
                self.circuit.trip(node, Instant::now());
                return Met::Lost { reason: "its node does not answer" };
            }
        };
        let met = match answer {
            Err(Refusal::Elsewhere { leader, .. }) => {
                Met::InVain { named: leader, reason: "no node leads it at the moment".to_owned() }
            }
            Err(Refusal::Unavailable { reason, .. }) => Met::InVain { named: None, reason },
            Err(Refusal::Unknown { .. }) => Met::Lost { reason: "the connection to its node broke" },
            Err(busy @ Refusal::Busy { .. }) if errand.search.outlasts_busy() => {
                Met::InVain { named: None, reason: busy.to_string() }
            }
            answer => Met::Answered(answer),
        };
        match met {
            Met::Answered(_) => self.circuit.answered(node),
            _ if !reached.is_reached() => self.circuit.trip(node, Instant::now()),
            _ => {}
        }
        met
    }

    /// Waits until another node than `node` says that it leads the shard, in a later term than was known.
    async fn until_replaced(&self, shard: ShardId, node: NodeId) {
        let mut map = self.map.clone();
        let known = map.borrow_and_update().leader(shard).map_or(0, |(_, term)| term);
        let replaced =
            |map: &Arc<Map>| map.leader(shard).is_some_and(|(leader, term)| leader != node && term > known);
        wait_for(map, replaced).await;
    }

    /// Waits until somebody says that it leads the shard who did not say so before.
    async fn until_led_anew(&self, shard: Option<ShardId>) {
        let mut map = self.map.clone();
        let leader = |map: &Map| shard.map(|shard| map.leader(shard));
        let known = leader(&map.borrow_and_update());
        wait_for(map, |map| leader(map) != known).await;
    }

    /// Who answered last, unless somebody says since then that it leads in a later term.
    fn learned(&self, shard: ShardId) -> Option<NodeId> {
        let (node, term) = self.learned.read().get(&shard).copied()?;
        (term >= self.term(shard)).then_some(node)
    }

    fn learn(&self, shard: ShardId, answered: (NodeId, u64)) {
        if self.learned.read().get(&shard) != Some(&answered) {
            self.learned.write().insert(shard, answered);
        }
    }

    /// A node does not lead a shard any more.
    pub fn unlearn(&self, shard: ShardId, node: NodeId) {
        let knows = |(learned, _): &(NodeId, u64)| *learned == node;
        if self.learned.read().get(&shard).is_some_and(knows) {
            self.learned.write().remove(&shard);
        }
    }

    /// The latest term in which somebody said that it leads a shard.
    fn term(&self, shard: ShardId) -> u64 {
        self.map.borrow().leader(shard).map_or(0, |(_, term)| term)
    }
}

/// Whether a refusal may come before a shard knows what became of earlier attempts. It says that this attempt did nothing; one
/// whose answer was lost may have been done.
fn is_of_this_attempt(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Busy { .. }
            | Refusal::DiskFull { .. }
            | Refusal::NotFound
            | Refusal::Forbidden { .. }
            | Refusal::Damaged { .. }
            | Refusal::Internal { .. }
    )
}

/// The end of a request that nobody answered.
fn given_up(shard: ShardId, errand: &Errand) -> Refusal {
    match errand.search.lost && errand.writes {
        true => Refusal::Unknown { shard },
        false => unavailable(shard, &errand.search.reason),
    }
}

/// The refusal of what is not to be had.
pub(super) fn unavailable(shard: ShardId, reason: &str) -> Refusal {
    Refusal::Unavailable { shard, reason: reason.to_owned(), retry_after: RETRY_AFTER }
}

async fn wait_for(mut map: watch::Receiver<Arc<Map>>, holds: impl FnMut(&Arc<Map>) -> bool) {
    let came = map.wait_for(holds).await.is_ok();
    if !came {
        // Nobody keeps the map any more: nothing will be heard of another leader.
        std::future::pending::<()>().await;
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
