//! What the controller does next. Pure: the view and the time in, actions out.

use super::{Brake, Rules};
use crate::plan::{self, Duty, FirstPlacement, Move, PlanError, PlanNode};
use crate::state::{ClusterConfig, NodeRecord, NodeState, Placement, Placements};
use crate::view::{Contact, Node, Snapshot, Stored};
use base::{NodeId, ShardId, SlotMap};
use std::collections::BTreeMap;
use std::fmt;
use tokio::time::Instant;

/// Something to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Everything, for the first time.
    PlaceFirst {
        /// Which shard holds which slot.
        slots: SlotMap,
        /// Where the shards go.
        first: FirstPlacement,
    },
    /// One replica.
    Move {
        /// What moves.
        step: Move,
        /// The revision of the placement that it replaces.
        revision: u64,
        /// The record of the node that takes the replica.
        taker: Stored<NodeRecord>,
    },
}

/// What to do, and why that, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What to write, in this order.
    pub actions: Vec<Action>,
    /// The reason.
    pub because: Because,
}

/// Why the controller does what it does, or does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// There is nothing to do.
    AllIsWell,
    /// Nobody has said yet what the cluster is to be.
    NotConfigured,
    /// It is better to do nothing.
    Braked(Brake),
    /// The first placement waits for nodes.
    FewNodes {
        /// Nodes that run and take replicas.
        nodes: usize,
        /// Nodes that have to.
        wanted: usize,
    },
    /// The first placement waits until no more nodes come.
    Settling,
    /// A shard runs, and it is not known where any was placed. Placing them anew would make every one of them twice.
    PlacementsLost(ShardId),
    /// A node brought replicas along, and it is not known where any was placed: the same.
    DataIsThere(NodeId),
    /// There is no plan.
    NoPlan(PlanError),
    /// A shard is not yet where it is to be; one moves at a time.
    Moving(ShardId),
    /// The first placement is written.
    Placing,
    /// A draining node gives a replica away.
    Draining,
    /// A replica was on its way to a node that cannot take it any more, and goes to another one.
    Redirecting,
}

/// What to do now.
pub fn decide(snapshot: &Snapshot, contact: &Contact, rules: &Rules, now: Instant) -> Decision {
    let wait = |because| Decision { actions: Vec::new(), because };
    let Some(config) = snapshot.config() else { return wait(Because::NotConfigured) };
    if let Some(brake) = Brake::check(snapshot, contact, rules, now) {
        return wait(Because::Braked(brake));
    }
    let decided = match snapshot.placements() {
        None => first(snapshot, config, rules, now),
        Some(placements) => drain(snapshot, config, placements, rules, now),
    };
    decided.unwrap_or_else(wait)
}

/// The first placement, when enough nodes are there and no shard has ever run.
fn first(
    snapshot: &Snapshot,
    config: ClusterConfig,
    rules: &Rules,
    now: Instant,
) -> Result<Decision, Because> {
    if let Some((shard, _)) = snapshot.observed().first_key_value() {
        return Err(Because::PlacementsLost(*shard));
    }
    if let Some((node, _)) = snapshot.nodes().iter().find(|(_, node)| node.record.spec.holds_data) {
        return Err(Because::DataIsThere(*node));
    }
    let nodes: Vec<PlanNode> = snapshot.nodes().values().map(plan_node).collect();
    let there = nodes.iter().filter(|node| node.duty == Duty::Takes).count();
    let wanted = rules.first_nodes.unwrap_or_default().max(config.replicas as usize);
    if there < wanted {
        return Err(Because::FewNodes { nodes: there, wanted });
    }
    let has_settled = now.saturating_duration_since(snapshot.nodes_changed()) >= rules.settle;
    if rules.first_nodes.is_none() && !has_settled {
        return Err(Because::Settling);
    }
    let slots = SlotMap::even(config.shards);
    let first =
        plan::first_placement(&nodes, &slots.shards(), config.replicas as usize).map_err(Because::NoPlan)?;
    Ok(Decision { actions: vec![Action::PlaceFirst { slots, first }], because: Because::Placing })
}

/// The next replica of a draining node, when every shard is where it is to be. One that cannot get there goes elsewhere.
fn drain(
    snapshot: &Snapshot,
    config: ClusterConfig,
    placements: &BTreeMap<ShardId, Stored<Placement>>,
    rules: &Rules,
    now: Instant,
) -> Result<Decision, Because> {
    let nodes: Vec<PlanNode> = snapshot.nodes().values().map(plan_node).collect();
    let desired: Placements =
        placements.iter().map(|(shard, stored)| (*shard, stored.value.clone())).collect();
    let moves = plan::drain(&nodes, &desired, config.replicas as usize).map_err(Because::NoPlan)?;
    let is_there = |shard: &ShardId, placement: &Placement| {
        snapshot.observed().get(shard).is_some_and(|observed| observed.replicas == placement.replicas())
    };
    let on_its_way = desired.iter().find(|(shard, placement)| !is_there(shard, placement));
    let (step, because) = match on_its_way {
        Some((shard, placement)) => {
            let lost = lost_target(snapshot, *shard, placement, rules, now);
            let lost = lost.ok_or(Because::Moving(*shard))?;
            (redirect(nodes, &desired, config, *shard, lost)?, Because::Redirecting)
        }
        None => (moves.into_iter().next().ok_or(Because::AllIsWell)?, Because::Draining),
    };
    let revision = placements.get(&step.shard).map_or(0, |stored| stored.revision);
    // A plan names only nodes that it was given.
    let taker = snapshot.nodes().get(&step.to).ok_or(Because::Moving(step.shard))?;
    let taker = Stored { value: taker.record.clone(), revision: taker.revision };
    Ok(Decision { actions: vec![Action::Move { step, revision, taker }], because })
}

/// The node that a replica was on its way to, if it cannot take it any more: it drains, is down or was removed, and does not
/// vote yet.
fn lost_target(
    snapshot: &Snapshot,
    shard: ShardId,
    placement: &Placement,
    rules: &Rules,
    now: Instant,
) -> Option<NodeId> {
    let Some(observed) = snapshot.observed().get(&shard) else {
        return lost_founder(snapshot, placement, rules, now);
    };
    let is_lost =
        |node: &Node| node.record.state == NodeState::Draining || node.is_down_for(rules.suspect, now);
    let coming = placement.replicas().iter().filter(|node| !observed.replicas.contains(node));
    coming.copied().find(|node| snapshot.nodes().get(node).is_none_or(is_lost))
}

/// Who was to found a shard that nobody has heard of, if it never will: it is down, and somebody has said that it does not
/// come back, by draining or removing it. All others run: were it founded, they would have elected a leader.
fn lost_founder(snapshot: &Snapshot, placement: &Placement, rules: &Rules, now: Instant) -> Option<NodeId> {
    let given_up =
        |node: &Node| node.record.state == NodeState::Draining && node.is_down_for(rules.suspect, now);
    let founder = placement.leader();
    let mut others = placement.replicas().iter().filter(|node| **node != founder);
    let runs = |node: &NodeId| snapshot.nodes().get(node).is_some_and(|node| node.down_since.is_none());
    (snapshot.nodes().get(&founder).is_none_or(given_up) && others.all(runs)).then_some(founder)
}

/// The move of one replica from the node that it does not reach to another one, as if that node were draining.
fn redirect(
    mut nodes: Vec<PlanNode>,
    desired: &Placements,
    config: ClusterConfig,
    shard: ShardId,
    lost: NodeId,
) -> Result<Move, Because> {
    match nodes.iter_mut().find(|node| node.id == lost) {
        Some(node) => node.duty = Duty::Drains,
        // It was removed.
        None => {
            let (zone, capacity, prefers) = (String::new(), 1, None);
            nodes.push(PlanNode { id: lost, zone, capacity, duty: Duty::Drains, prefers });
        }
    }
    let moves = plan::drain(&nodes, desired, config.replicas as usize).map_err(Because::NoPlan)?;
    moves.into_iter().find(|step| step.shard == shard && step.from == lost).ok_or(Because::Moving(shard))
}

fn plan_node(node: &Node) -> PlanNode {
    let Node { record, down_since, .. } = node;
    let duty = match (record.state, down_since) {
        (NodeState::Draining, _) => Duty::Drains,
        (NodeState::Up, Some(_)) => Duty::Keeps,
        (NodeState::Up, None) => Duty::Takes,
    };
    PlanNode {
        id: record.id,
        zone: record.spec.zone.clone(),
        capacity: record.spec.capacity,
        duty,
        prefers: record.spec.prefers,
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Because::AllIsWell => f.write_str("there is nothing to do"),
            Because::NotConfigured => {
                f.write_str("nobody has said yet how many shards and replicas there are to be")
            }
            Because::Braked(brake) => write!(f, "holding still: {brake}"),
            Because::FewNodes { nodes, wanted } => {
                write!(f, "the first placement waits for nodes: there are {nodes} of {wanted}")
            }
            Because::Settling => f.write_str("the first placement waits until no more nodes come"),
            Because::PlacementsLost(shard) => write!(
                f,
                "nothing is placed, yet shard {shard} runs: the coordinator has lost what it stored; restore it from a backup"
            ),
            Because::DataIsThere(node) => write!(
                f,
                "nothing is placed, yet node {node} holds replicas: the coordinator has lost what it stored; restore it from a backup"
            ),
            Because::NoPlan(error) => write!(f, "there is no plan: {error}"),
            Because::Moving(shard) => write!(f, "shard {shard} is not yet where it is to be"),
            Because::Placing => f.write_str("writing the first placement"),
            Because::Draining => f.write_str("a draining node gives a replica away"),
            Because::Redirecting => {
                f.write_str("a replica cannot get to the node that it was to go to, and goes to another one")
            }
        }
    }
}
