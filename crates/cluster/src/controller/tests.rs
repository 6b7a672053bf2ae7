//! Decisions are pure: a view and a time in, actions out.

use super::perform::{Hand, Performed};
use super::*;
use crate::coordinator::{Compare, Coordinator, Local, Op, Txn};
use crate::plan::PlanError;
use crate::state::{
    Alive, Checked, ClusterConfig, Key, Keys, NodeRecord, NodeSpec, NodeState, Observed, Placement, encode,
};
use crate::view::{Contact, Snapshot};
use base::{NodeId, ShardId, SlotMap};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A cluster that is made up.
struct Made {
    keys: Keys,
    coordinator: Local,
    snapshot: Snapshot,
    contact: Contact,
    start: Instant,
}

impl Made {
    /// One that this process has known for a minute.
    async fn new(nodes: u64, config: ClusterConfig) -> Made {
        let (began, keys) = (Instant::now(), Keys::new("/hub").unwrap());
        let start = began + Duration::from_secs(60);
        let snapshot = Snapshot::empty(start);
        let mut made = Made { keys, coordinator: Local::new(), snapshot, contact: Contact::default(), start };
        made.contact.heard(began);
        made.contact.heard(start);
        made.put(Key::Config, &config, 0).await;
        for id in 1..=nodes {
            made.node(id, NodeState::Up, 0).await;
            made.put(Key::Alive(NodeId(id)), &Alive { incarnation: 1 }, 0).await;
        }
        made
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    async fn node(&mut self, id: u64, state: NodeState, at: u64) {
        self.node_with(id, state, false, at).await;
    }

    async fn node_with(&mut self, id: u64, state: NodeState, holds_data: bool, at: u64) {
        let (name, address) = (format!("hub-{id}"), "hub:1".into());
        let spec = NodeSpec { name, zone: String::new(), capacity: 1, address, prefers: None, holds_data };
        self.put(Key::Node(NodeId(id)), &NodeRecord { id: NodeId(id), incarnation: 1, state, spec }, at)
            .await;
    }

    async fn put<T: Serialize + Checked>(&mut self, key: Key, value: &T, at: u64) {
        self.make(Op::Put { key: self.keys.path(key), value: encode(value), lease: None }, at).await;
    }

    async fn down(&mut self, id: u64, at: u64) {
        self.make(Op::Delete(self.keys.path(Key::Alive(NodeId(id)))), at).await;
    }

    async fn make(&mut self, op: Op, at: u64) {
        self.coordinator.commit(Txn { compares: Vec::new(), ops: vec![op] }).await.unwrap();
        let listing = self.coordinator.list(self.keys.root()).await.unwrap();
        self.snapshot.relist(&self.keys, listing, self.at(at));
    }

    /// The hand of a controller that nobody deposes.
    fn hand(&self) -> Hand {
        let (coordinator, keys) = (Arc::new(self.coordinator.clone()), self.keys.clone());
        Hand { coordinator, keys, fence: Compare::Absent("/other".into()) }
    }

    fn decide(&self, rules: &Rules, at: u64) -> Decision {
        decide(&self.snapshot, &self.contact, rules, self.at(at))
    }

    /// What is done by the usual rules.
    fn because(&self, at: u64) -> Because {
        self.decide(&Rules::default(), at).because
    }

    /// Places everything as the controller would, and lets the leaders say so.
    async fn place(&mut self, at: u64) {
        let Some(Action::PlaceFirst { slots, first }) = self.decide(&Rules::default(), at).actions.pop()
        else {
            panic!("nothing is placed: {}", self.because(at));
        };
        for (shard, placement) in &first.placements {
            self.put(Key::Desired(*shard), placement, at).await;
            self.observe(*shard, placement, at).await;
        }
        self.put(Key::Slots, &slots, at).await;
    }

    async fn observe(&mut self, shard: ShardId, placement: &Placement, at: u64) {
        let (leader, replicas) = (placement.leader(), placement.replicas().to_vec());
        self.put(Key::Observed(shard), &Observed { leader, term: 1, replicas, applied: 1 }, at).await;
    }
}

const CONFIG: ClusterConfig = ClusterConfig { shards: 4, replicas: 3, master_key: None, cluster: None };

#[tokio::test]
async fn the_first_placement_waits_until_the_nodes_have_settled() {
    let mut made = Made::new(2, CONFIG).await;
    assert_eq!(made.because(100), Because::FewNodes { nodes: 2, wanted: 3 });
    made.node(3, NodeState::Up, 100).await;
    made.put(Key::Alive(NodeId(3)), &Alive { incarnation: 1 }, 100).await;
    assert_eq!(made.because(109), Because::Settling);
    let decision = made.decide(&Rules::default(), 110);
    let [Action::PlaceFirst { slots, first }] = &decision.actions[..] else { panic!("{decision:?}") };
    assert_eq!((slots, first.placements.len()), (&SlotMap::even(4), 4));
    assert_eq!(decision, made.decide(&Rules::default(), 110));
    made.place(110).await;
    assert_eq!(made.because(1_000), Because::AllIsWell);
}

#[tokio::test]
async fn where_a_shard_runs_nothing_is_placed_for_the_first_time() {
    let mut made = Made::new(3, CONFIG).await;
    assert_eq!(made.because(100), Because::Placing);
    // The leader of a shard still knows what the coordinator has lost.
    made.observe(ShardId(2), &Placement::new(vec![NodeId(1), NodeId(9)], NodeId(1)), 100).await;
    let lost = Because::PlacementsLost(ShardId(2));
    assert_eq!(made.decide(&Rules::default(), 1_000), Decision { actions: Vec::new(), because: lost });
}

#[tokio::test]
async fn where_a_node_brings_replicas_along_nothing_is_placed_for_the_first_time() {
    let mut made = Made::new(3, CONFIG).await;
    // The coordinator has lost everything, and nobody leads anything that could be reported.
    made.node_with(2, NodeState::Up, true, 50).await;
    let lost = Because::DataIsThere(NodeId(2));
    assert_eq!(made.decide(&Rules::default(), 1_000), Decision { actions: Vec::new(), because: lost });
}

#[tokio::test]
async fn a_report_that_the_view_does_not_show_yet_stops_the_first_placement() {
    let mut made = Made::new(3, CONFIG).await;
    let placing = made.decide(&Rules::default(), 100).actions;
    made.observe(ShardId(2), &Placement::new(vec![NodeId(1)], NodeId(1)), 100).await;
    assert_eq!(made.hand().perform(&placing[0]).await, Ok(Performed::Stale));
    assert_eq!(made.coordinator.get(made.keys.path(Key::Desired(ShardId(0)))).await, Ok(None));
}

#[tokio::test]
async fn with_a_number_of_nodes_it_waits_for_these() {
    let made = Made::new(4, CONFIG).await;
    let rules = |first_nodes| Rules { first_nodes: Some(first_nodes), ..Rules::default() };
    assert_eq!(made.decide(&rules(5), 1_000).because, Because::FewNodes { nodes: 4, wanted: 5 });
    assert_eq!(made.decide(&rules(4), 0).because, Because::Placing);
    // Fewer than replicas are never enough.
    assert_eq!(
        Made::new(2, CONFIG).await.decide(&rules(1), 0).because,
        Because::FewNodes { nodes: 2, wanted: 3 }
    );
}

#[tokio::test]
async fn a_node_that_is_down_or_drains_is_not_counted_on() {
    let mut made = Made::new(4, CONFIG).await;
    made.down(4, 50).await;
    let decision = made.decide(&Rules::default(), 60);
    let [Action::PlaceFirst { first, .. }] = &decision.actions[..] else { panic!("{decision:?}") };
    assert!(first.placements.values().all(|placement| !placement.replicas().contains(&NodeId(4))));
    made.node(3, NodeState::Draining, 60).await;
    assert_eq!(made.because(100), Because::FewNodes { nodes: 2, wanted: 3 });
}

#[tokio::test]
async fn nothing_is_done_before_somebody_says_what() {
    let start = Instant::now();
    let nothing = decide(&Snapshot::empty(start), &Contact::default(), &Rules::default(), start);
    assert_eq!(nothing, Decision { actions: Vec::new(), because: Because::NotConfigured });
}

#[tokio::test]
async fn when_many_look_down_nothing_is_done() {
    let mut made = Made::new(9, CONFIG).await;
    made.place(20).await;
    made.node(9, NodeState::Draining, 20).await;
    let drains = made.because(21);
    assert_eq!(drains, Because::Draining);
    for id in [1, 2, 3] {
        made.down(id, 30).await;
    }
    // A third is not more than a third.
    assert_eq!(made.because(100), drains);
    made.down(4, 100).await;
    assert_eq!(made.because(104), drains, "a restart is not yet a death");
    let braked = Because::Braked(Brake::ManyNodesDown { down: 4, nodes: 9 });
    assert_eq!(made.decide(&Rules::default(), 105), Decision { actions: Vec::new(), because: braked });
    made.put(Key::Alive(NodeId(4)), &Alive { incarnation: 2 }, 110).await;
    assert_eq!(made.because(110), drains);
}

#[tokio::test]
async fn after_an_outage_of_the_coordinator_nothing_is_done_for_a_minute() {
    let mut made = Made::new(3, CONFIG).await;
    let braked = Because::Braked(Brake::CoordinatorWasAway);
    made.contact.lost(made.at(100));
    assert_eq!(made.because(1_000), braked);
    made.contact.heard(made.at(2_000));
    assert_eq!(made.because(2_059), braked);
    assert_eq!(made.because(2_060), Because::Placing);
}

#[tokio::test]
async fn a_controller_that_has_just_started_moves_nothing_for_a_minute() {
    let mut made = Made::new(5, CONFIG).await;
    made.contact = Contact::default();
    made.contact.heard(made.at(0));
    // There is nothing yet that it could take apart.
    assert_eq!(made.because(10), Because::Placing);
    made.place(20).await;
    made.node(1, NodeState::Draining, 30).await;
    assert_eq!(made.because(59), Because::Braked(Brake::JustStarted));
    assert_eq!(made.because(60), Because::Draining);
}

#[tokio::test]
async fn one_replica_moves_at_a_time() {
    let mut made = Made::new(5, CONFIG).await;
    made.place(20).await;
    made.node(1, NodeState::Draining, 30).await;
    let mut moves = 0;
    loop {
        let decision = made.decide(&Rules::default(), 40);
        let Some(Action::Move { step, revision, .. }) = decision.actions.first() else {
            assert_eq!(decision.because, Because::AllIsWell);
            break;
        };
        assert_eq!((decision.actions.len(), step.from), (1, NodeId(1)));
        assert_eq!(made.snapshot.placement(step.shard).unwrap().revision, *revision);
        made.put(Key::Desired(step.shard), &step.placement, 40).await;
        assert_eq!(made.because(1_000), Because::Moving(step.shard), "until the shard is there");
        made.observe(step.shard, &step.placement, 50).await;
        moves += 1;
    }
    assert!(moves > 0);
    let placements = made.snapshot.placements().unwrap();
    assert!(placements.values().all(|stored| !stored.value.replicas().contains(&NodeId(1))));
}

#[tokio::test]
async fn a_replica_does_not_go_to_a_node_that_was_removed_meanwhile() {
    let mut made = Made::new(5, CONFIG).await;
    made.place(20).await;
    made.node(1, NodeState::Draining, 30).await;
    let moving = made.decide(&Rules::default(), 40).actions.remove(0);
    let Action::Move { step, .. } = &moving else { panic!("{moving:?}") };
    let hand = made.hand();
    let before = made.coordinator.list("/".into()).await.unwrap();
    made.node(step.to.0, NodeState::Draining, 40).await;
    assert_eq!(hand.perform(&moving).await, Ok(Performed::Stale));
    made.make(Op::Delete(made.keys.path(Key::Node(step.to))), 40).await;
    assert_eq!(hand.perform(&moving).await, Ok(Performed::Stale));
    let desired = made.keys.path(Key::Desired(step.shard));
    let now = made.coordinator.get(desired.clone()).await.unwrap();
    assert_eq!(now, before.entries.into_iter().find(|entry| entry.key == desired));
}

#[tokio::test]
async fn who_removes_a_node_hears_of_a_replica_that_goes_there() {
    let mut made = Made::new(5, CONFIG).await;
    made.place(20).await;
    made.node(1, NodeState::Draining, 30).await;
    let moving = made.decide(&Rules::default(), 40).actions.remove(0);
    let Action::Move { step, .. } = &moving else { panic!("{moving:?}") };
    let record = made.keys.path(Key::Node(step.to));
    let before = made.coordinator.get(record.clone()).await.unwrap().unwrap();
    assert_eq!(made.hand().perform(&moving).await, Ok(Performed::Done));
    let after = made.coordinator.get(record).await.unwrap().unwrap();
    assert_eq!(after.value, before.value);
    assert_ne!(after.revision, before.revision);
}

#[tokio::test]
async fn a_replica_that_cannot_get_to_its_node_goes_to_another() {
    for drains in [false, true] {
        let mut made = Made::new(6, CONFIG).await;
        made.place(20).await;
        made.node(1, NodeState::Draining, 30).await;
        let Some(Action::Move { step: first, .. }) = made.decide(&Rules::default(), 40).actions.pop() else {
            panic!("{}", made.because(40));
        };
        made.put(Key::Desired(first.shard), &first.placement, 40).await;
        match drains {
            true => made.node(first.to.0, NodeState::Draining, 50).await,
            false => {
                made.down(first.to.0, 45).await;
                assert_eq!(made.because(49), Because::Moving(first.shard), "a restart is not yet a death");
            }
        }
        let decision = made.decide(&Rules::default(), 50);
        assert_eq!(decision.because, Because::Redirecting);
        let [Action::Move { step, .. }] = &decision.actions[..] else { panic!("{decision:?}") };
        assert_eq!((step.shard, step.from), (first.shard, first.to));
        assert!(![NodeId(1), first.to].contains(&step.to));
        let expected: Vec<_> = first.placement.replicas().iter().filter(|node| **node != first.to).collect();
        assert!(expected.into_iter().all(|node| step.placement.replicas().contains(node)));
        made.put(Key::Desired(step.shard), &step.placement, 50).await;
        assert_eq!(made.because(60), Because::Moving(step.shard));
        // A node that votes by now has arrived, whatever becomes of it.
        made.observe(first.shard, &first.placement, 60).await;
        made.put(Key::Desired(first.shard), &first.placement, 60).await;
        let because = made.because(70);
        assert!(![Because::Redirecting, Because::Moving(first.shard)].contains(&because), "{because}");
    }
}

#[tokio::test]
async fn a_replica_that_was_to_go_to_a_node_that_is_gone_goes_to_another() {
    let mut made = Made::new(6, CONFIG).await;
    made.place(20).await;
    made.node(1, NodeState::Draining, 30).await;
    let Some(Action::Move { step: first, .. }) = made.decide(&Rules::default(), 40).actions.pop() else {
        panic!("{}", made.because(40));
    };
    made.put(Key::Desired(first.shard), &first.placement, 40).await;
    for gone in [Key::Alive(first.to), Key::Node(first.to)] {
        made.make(Op::Delete(made.keys.path(gone)), 40).await;
    }
    let decision = made.decide(&Rules::default(), 50);
    let [Action::Move { step, .. }] = &decision.actions[..] else { panic!("{decision:?}") };
    assert_eq!((decision.because, step.shard, step.from), (Because::Redirecting, first.shard, first.to));
    assert!(!step.placement.replicas().contains(&first.to));
}

#[tokio::test]
async fn a_shard_whose_founder_never_came_gets_another_when_somebody_says_so() {
    let mut made = Made::new(7, CONFIG).await;
    made.place(20).await;
    let (shard, placement) = {
        let (shard, stored) = made.snapshot.placements().unwrap().first_key_value().unwrap();
        (*shard, stored.value.clone())
    };
    made.make(Op::Delete(made.keys.path(Key::Observed(shard))), 20).await;
    let founder = placement.leader();
    made.down(founder.0, 30).await;
    assert_eq!(made.because(1_000), Because::Moving(shard), "it may come back");
    made.node(founder.0, NodeState::Draining, 1_000).await;
    let other = placement.replicas().iter().copied().find(|node| *node != founder).unwrap();
    let decision = made.decide(&Rules::default(), 1_001);
    let [Action::Move { step, .. }] = &decision.actions[..] else { panic!("{decision:?}") };
    assert_eq!((decision.because, step.shard, step.from), (Because::Redirecting, shard, founder));
    assert!(!step.placement.replicas().contains(&founder));
    // One that is down may know that it was founded.
    made.down(other.0, 1_001).await;
    assert_eq!(made.because(2_000), Because::Moving(shard));
}

#[tokio::test]
async fn where_nothing_can_take_a_replica_that_is_said() {
    let mut made = Made::new(3, CONFIG).await;
    made.place(20).await;
    made.node(1, NodeState::Draining, 30).await;
    let no_plan = Because::NoPlan(PlanError::TooFewNodes { nodes: 2, replicas: 3, missing: 1 });
    assert_eq!(made.because(40), no_plan);
    assert!(no_plan.to_string().ends_with("add 1"), "{no_plan}");
}
