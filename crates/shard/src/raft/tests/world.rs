//! Several nodes and the network between them.

use super::net::{FAIR, Net, Weather};
use super::node::{Node, Remains, Start};
use crate::raft::{Founding, Group, GroupHandle, MemoryMachine, Role, StateMachine};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Long enough for an election or two on a machine that has other things to do.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct World {
    pub net: Arc<Net>,
    pub nodes: BTreeMap<u64, Node>,
}

impl World {
    /// A group of so many voters, numbered from 1 on; the first one founds it.
    pub async fn of(voters: u64, seed: u64, weather: Weather) -> World {
        let mut world = World { net: Net::new(seed, weather), nodes: BTreeMap::new() };
        for id in 2..=voters {
            world.start(id, Remains::nothing(), Start::join());
        }
        let founding = Founding::Found { voters: (1..=voters).collect() };
        world.start(1, Remains::nothing(), Start { founding, ..Start::join() });
        world.leader().await;
        world
    }

    pub async fn of_three() -> World {
        World::of(3, 7, FAIR).await
    }

    pub fn start(&mut self, id: u64, remains: Remains, start: Start) {
        self.nodes.insert(id, Node::start(id, &self.net, remains, start));
    }

    pub fn node(&self, id: u64) -> &Node {
        &self.nodes[&id]
    }

    pub fn group(&self, id: u64) -> &GroupHandle<MemoryMachine> {
        self.node(id).group()
    }

    pub fn running(&self, id: u64) -> Arc<Group<MemoryMachine>> {
        self.group(id).running().unwrap()
    }

    /// The node that may answer reads, once there is one among `among`.
    pub async fn leader_among(&self, among: &[u64]) -> u64 {
        until("a leader", || among.iter().copied().find(|&id| self.group(id).leads_with_lease())).await
    }

    pub async fn leader(&self) -> u64 {
        let all: Vec<_> = self.nodes.keys().copied().collect();
        self.leader_among(&all).await
    }

    /// All nodes but one.
    pub fn others(&self, than: u64) -> Vec<u64> {
        self.nodes.keys().copied().filter(|&id| id != than).collect()
    }

    /// Cuts a node off from all others.
    pub fn isolate(&self, id: u64) {
        for other in self.others(id) {
            self.net.cut(id, other);
        }
    }

    /// Takes a node out, and leaves its old life to end by itself.
    pub fn take(&mut self, id: u64) -> Node {
        self.nodes.remove(&id).unwrap()
    }

    /// Waits until all nodes have applied what the leader has by now.
    pub async fn settle(&self) {
        let leader = self.leader().await;
        // The machine's own word: the status comes a moment later.
        let applied = until("an applied entry", || self.node(leader).machine.applied().unwrap()).await.index;
        for node in self.nodes.values() {
            node.group().until_applied(applied, PATIENCE).await.unwrap();
        }
    }

    pub async fn stop(self) {
        let stopping = self.nodes.into_values().map(Node::stop);
        futures::future::join_all(stopping).await;
    }
}

/// A command that can be told from all others.
pub fn command(writer: u32, number: u32) -> Bytes {
    Bytes::from(format!("{writer}/{number}"))
}

/// Looks again and again until there is something.
#[track_caller]
pub fn until<T>(what: &'static str, mut look: impl FnMut() -> Option<T>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(Instant::now() < deadline, "{what} did not come, waited for at {caller}");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Whether a node leads as far as it knows, with a lease or without.
pub fn thinks_it_leads(group: &GroupHandle<MemoryMachine>) -> bool {
    group.status().is_some_and(|status| status.role == Role::Leader)
}
