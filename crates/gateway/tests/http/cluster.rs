//! Nodes in front of one truth, and what a gateway knows of them.

use crate::fake::{Fake, Mood, fake, node};
use crate::model::Model;
use crate::relay::Relay;
use crate::support::{Hub, services_of};
use base::{NodeId, ShardId, SlotMap};
use gateway::Config;
use gateway::reach::{Map, Node, Reach, Replicas};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;

/// Three nodes or more, and what a gateway knows of them. The first one leads, in term 1.
pub struct Cluster {
    pub fakes: Vec<Arc<Fake>>,
    pub model: Arc<Model>,
    pub relay: Arc<Relay>,
    pub map: watch::Sender<Arc<Map>>,
    pub nodes: watch::Sender<Arc<HashMap<NodeId, Node>>>,
    pub reach: Arc<Reach>,
}

impl Cluster {
    pub fn of(count: u64) -> Cluster {
        let (model, relay) = (Arc::<Model>::default(), Arc::<Relay>::default());
        let ids = || (1..=count).map(NodeId);
        let replicas = Replicas { nodes: ids().collect(), leader: Some((NodeId(1), 1)) };
        let map = Map { slots: Some(SlotMap::even(1)), shards: [(ShardId(0), replicas)].into() };
        let fakes: Vec<_> = ids().map(|id| fake(id, &model, &relay)).collect();
        fakes[0].turn(Mood::Leads);
        let (map, told) = watch::channel(Arc::new(map));
        let (nodes, known) = watch::channel(Arc::new(fakes.iter().map(node).collect()));
        let reach = Arc::new(Reach::new(told, known));
        Cluster { fakes, model, relay, map, nodes, reach }
    }

    /// The map names this one as the leader.
    pub fn name(&self, leader: u64, term: u64) {
        self.map.send_modify(|map| {
            let mut next = (**map).clone();
            next.shards.get_mut(&ShardId(0)).unwrap().leader = Some((NodeId(leader), term));
            *map = Arc::new(next);
        });
    }

    /// The map has two shards: the first node has the first, the second the other.
    pub fn split(&self) {
        let of = |node: u64| Replicas { nodes: vec![NodeId(node)], leader: Some((NodeId(node), 1)) };
        let shards = [(ShardId(0), of(1)), (ShardId(1), of(2))].into();
        self.map.send_replace(Arc::new(Map { slots: Some(SlotMap::even(2)), shards }));
    }

    /// This one leads, and all others follow it, whatever they were.
    pub fn lead(&self, leader: u64) {
        for fake in &self.fakes {
            fake.become_quietly(Mood::Follows(Some(NodeId(leader))));
        }
        self.fakes[leader as usize - 1].turn(Mood::Leads);
        self.fakes.iter().for_each(|fake| fake.turn(fake.mood()));
    }

    /// A node that nobody knew.
    pub fn add(&mut self) -> Arc<Fake> {
        let new = fake(NodeId(self.fakes.len() as u64 + 1), &self.model, &self.relay);
        self.fakes.push(new.clone());
        self.nodes.send_replace(Arc::new(self.fakes.iter().map(node).collect()));
        new
    }

    /// A gateway in front of it.
    pub async fn hub(&self) -> Hub {
        let config = Config::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        let services = services_of(self.reach.clone(), self.reach.clone(), self.reach.clone());
        Hub::start_of(config, services, self.model.clone(), self.relay.clone()).await.unwrap()
    }
}
