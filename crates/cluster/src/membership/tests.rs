//! A coordinator that forgets, and nodes that do not.

use super::*;
use crate::coordinator::{Local, Op, SharedCoordinator, Txn};
use crate::state::{Alive, ClusterConfig, Key, Keys, NextId, NodeRecord, NodeSpec, decode, encode};
use base::{ClusterId, NodeId, ShardId};
use std::sync::Arc;
use std::time::Duration;

const TTL: Duration = Duration::from_secs(1);
const CONFIG: ClusterConfig = ClusterConfig { shards: 4, replicas: 3, master_key: None, cluster: None };

struct World {
    coordinator: SharedCoordinator,
    members: Members,
    cluster: Option<ClusterId>,
}

fn keys() -> Keys {
    Keys::new("/hub").unwrap()
}

fn spec(name: &str) -> NodeSpec {
    let (zone, address) = (String::new(), "here:1".into());
    NodeSpec { name: name.into(), zone, capacity: 1, address, prefers: None, holds_data: false }
}

impl World {
    async fn new() -> World {
        let coordinator: SharedCoordinator = Arc::new(Local::new());
        let members = Members::new(coordinator.clone(), keys());
        let cluster = members.configure(CONFIG).await.unwrap().cluster;
        World { coordinator, members, cluster }
    }

    async fn join(&self, name: &str) -> Membership {
        let id = self.members.new_id().await.unwrap();
        self.members.join(id, self.cluster, spec(name), TTL).await.unwrap()
    }

    /// Puts the coordinator back to what it held once.
    async fn put_back(&self, kept: &[(String, Vec<u8>)]) {
        let there = self.coordinator.list("/".into()).await.unwrap().entries;
        let gone = there.into_iter().filter(|entry| kept.iter().all(|(key, _)| *key != entry.key));
        let gone = gone.map(|entry| Op::Delete(entry.key));
        let put = |(key, value): &(String, Vec<u8>)| Op::Put {
            key: key.clone(),
            value: value.clone(),
            lease: None,
        };
        let ops = gone.chain(kept.iter().map(put)).collect();
        self.coordinator.commit(Txn { compares: Vec::new(), ops }).await.unwrap();
    }

    /// All that it holds, but for what goes with a lease.
    async fn backup(&self) -> Vec<(String, Vec<u8>)> {
        let there = self.coordinator.list("/".into()).await.unwrap().entries;
        there.into_iter().filter(|it| it.lease.is_none()).map(|it| (it.key, it.value)).collect()
    }

    async fn forget(&self, what: &[Key]) {
        let ops = what.iter().map(|key| Op::Delete(keys().path(*key))).collect();
        self.coordinator.commit(Txn { compares: Vec::new(), ops }).await.unwrap();
    }

    /// Waits until a node that runs is written down as such.
    async fn enters(&self, node: &Membership) {
        let (id, incarnation) = (node.id(), node.incarnation());
        let entered = async {
            while self.record(id).await.map(|record| record.incarnation) != Some(incarnation)
                || self.alive(id).await != Some(Alive { incarnation })
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), entered).await.expect("it enters itself again");
    }

    async fn record(&self, node: NodeId) -> Option<NodeRecord> {
        let key = keys().path(Key::Node(node));
        let entry = self.coordinator.get(key.clone()).await.unwrap()?;
        Some(decode(&key, &entry.value).unwrap())
    }

    async fn alive(&self, node: NodeId) -> Option<Alive> {
        let key = keys().path(Key::Alive(node));
        let entry = self.coordinator.get(key.clone()).await.unwrap()?;
        Some(decode(&key, &entry.value).unwrap())
    }
}

async fn becomes(node: &Membership, wanted: Standing) {
    let mut standing = node.standing();
    let seen = tokio::time::timeout(Duration::from_secs(20), standing.wait_for(|now| *now == wanted));
    let seen = seen.await.map(|seen| seen.map(|_| ()));
    assert!(matches!(seen, Ok(Ok(()))), "never {wanted:?}: {:?}", *node.standing().borrow());
}

#[tokio::test]
async fn a_node_whose_cluster_is_gone_goes_on_and_joins_again_when_it_is_back() {
    let world = World::new().await;
    let node = world.join("a").await;
    let backup = world.backup().await;
    world.put_back(&[]).await;
    becomes(&node, Standing::Estranged).await;
    // Somebody begins another cluster in its place.
    let other = world.members.configure(CONFIG).await.unwrap().cluster;
    assert_ne!(other, world.cluster);
    tokio::time::sleep(3 * TTL).await;
    assert_eq!(*node.standing().borrow(), Standing::Estranged);
    assert_eq!(world.record(node.id()).await, None, "it does not join another cluster");
    world.put_back(&backup).await;
    becomes(&node, Standing::Joined).await;
    assert_eq!(world.alive(node.id()).await, Some(Alive { incarnation: 1 }));
    node.leave().await;
}

#[tokio::test]
async fn a_coordinator_that_was_put_back_hears_of_later_starts_and_nodes() {
    let world = World::new().await;
    world.join("a").await.leave().await;
    let backup = world.backup().await;
    let again = world.members.join(NodeId(1), world.cluster, spec("a"), TTL).await.unwrap();
    let later = world.join("b").await;
    assert_eq!((again.incarnation(), later.id()), (2, NodeId(2)));
    world.put_back(&backup).await;
    for node in [&again, &later] {
        world.enters(node).await;
        becomes(node, Standing::Joined).await;
    }
    assert_eq!(world.members.new_id().await, Ok(NodeId(3)), "an id that is in use is not given");
    again.leave().await;
    later.leave().await;
}

#[tokio::test]
async fn who_was_removed_is_told() {
    let world = World::new().await;
    let node = world.join("a").await;
    world.forget(&[Key::Alive(node.id())]).await;
    world.members.remove(node.id()).await.unwrap();
    becomes(&node, Standing::Removed).await;
    assert_eq!(world.record(node.id()).await, None);
    let again = world.members.join(node.id(), world.cluster, spec("a"), TTL).await.err();
    assert_eq!(again, Some(MembershipError::Removed(node.id())));
    assert_eq!(world.record(node.id()).await, None, "nothing is written for it");
    world.forget(&[Key::NextId]).await;
    assert_eq!(world.members.new_id().await, Ok(NodeId(2)), "nor is its id given again");
    node.leave().await;
}

#[tokio::test]
async fn who_is_not_known_enters_itself_unless_it_was_removed() {
    let world = World::new().await;
    let backup = world.backup().await;
    let nodes = [world.join("a").await, world.join("b").await];
    world.put_back(&backup).await;
    // As the one with the higher id leaves it, and as a node does whose attempt came only so far.
    world.members.never_give(NodeId(9)).await.unwrap();
    for node in nodes {
        world.enters(&node).await;
        becomes(&node, Standing::Joined).await;
        node.leave().await;
    }
}

#[tokio::test]
async fn a_coordinator_that_was_put_back_to_before_its_cluster_had_a_name_hears_it() {
    let world = World::new().await;
    let node = world.join("a").await;
    let config = keys().path(Key::Config);
    world.put_back(&[(config.clone(), encode(&CONFIG))]).await;
    world.enters(&node).await;
    becomes(&node, Standing::Joined).await;
    assert_eq!(world.members.holds().await, Ok(Some(ClusterConfig { cluster: world.cluster, ..CONFIG })));
    // One that differs is another cluster, though it has no name.
    let other = ClusterConfig { master_key: Some(7), ..CONFIG };
    world.put_back(&[(config, encode(&other))]).await;
    becomes(&node, Standing::Estranged).await;
    assert_eq!(world.members.holds().await, Ok(Some(other)));
    node.leave().await;
}

#[tokio::test]
async fn who_belongs_elsewhere_does_not_join() {
    let world = World::new().await;
    let ours = Some(ClusterId::from_u128(5));
    let joined = world.members.join(NodeId(1), ours, spec("a"), TTL).await.err();
    assert_eq!(joined, Some(MembershipError::OtherCluster { there: world.cluster, ours }));
    world.put_back(&[]).await;
    let joined = world.members.join(NodeId(1), ours, spec("a"), TTL).await.err();
    assert_eq!(joined, Some(MembershipError::ClusterGone));
    assert_eq!(world.backup().await, []);
}

#[tokio::test]
async fn a_counter_that_was_lost_gives_no_id_that_is_in_use() {
    let world = World::new().await;
    let nodes = [world.join("a").await, world.join("b").await];
    let next = keys().path(Key::NextId);
    world.coordinator.commit(Txn::new().put(next, encode(&NextId { next: 1 }))).await.unwrap();
    assert_eq!(world.members.new_id().await, Ok(NodeId(3)));
    // A report that is damaged keeps nobody from coming.
    let report = keys().path(Key::Observed(ShardId(0)));
    world.coordinator.commit(Txn::new().put(report, b"{".to_vec())).await.unwrap();
    assert_eq!(world.members.new_id().await, Ok(NodeId(4)));
    for node in nodes {
        node.leave().await;
    }
}
