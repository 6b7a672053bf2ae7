//! Where the replicas of draining nodes go.

use super::layout::{Duty, Layout};
use super::{PlanError, PlanNode, hash};
use crate::state::{Placement, Placements};
use base::{NodeId, ShardId};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// One replica that moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Of which shard.
    pub shard: ShardId,
    /// The draining node.
    pub from: NodeId,
    /// The node that takes it.
    pub to: NodeId,
    /// Where the shard is to be afterwards.
    pub placement: Placement,
}

/// The moves that empty all draining nodes, in the order in which they are to be made.
///
/// - Only replicas on draining nodes move, each once.
/// - A shard that loses its preferred leader comes before one that does not, so that writers are off the draining node
///   first; then by number. Its new preferred leader is the replica whose node leads least for its capacity.
/// - A replica goes to another zone than the ones that stay, if there is a node in one; there to a node below the bound of
///   the first placement, if there is one; and of those to the one that carries least for its capacity.
///
/// After the first move has been made, the plan is the rest of this one: whoever lost it can make it again. Nodes in
/// `placements` that `nodes` does not name are left alone.
pub fn drain(nodes: &[PlanNode], placements: &Placements, replicas: usize) -> Result<Vec<Move>, PlanError> {
    let leaving: Vec<NodeId> =
        nodes.iter().filter(|node| node.duty == Duty::Drains).map(|node| node.id).collect();
    let is_leaving = |node: &NodeId| leaving.contains(node);
    let mut order: Vec<(bool, ShardId, NodeId)> = Vec::new();
    for (shard, placement) in placements {
        let moving = placement.replicas().iter().filter(|node| is_leaving(node));
        order.extend(moving.map(|node| (placement.leader() != *node, *shard, *node)));
    }
    if order.is_empty() {
        return Ok(Vec::new());
    }
    order.sort_unstable();
    let layout = Layout::new(nodes, replicas)?;
    let mut loads = Loads::of(&layout, placements, replicas);
    let mut placements = placements.clone();
    let mut moves = Vec::new();
    for (_, shard, from) in order {
        let Some(placement) = placements.get(&shard) else { continue };
        let to = loads.target(shard, placement, from, nodes)?;
        let placement = loads.moved(shard, placement, from, to);
        placements.insert(shard, placement.clone());
        moves.push(Move { shard, from, to, placement });
    }
    Ok(moves)
}

/// What the nodes that stay carry.
struct Loads<'a> {
    layout: &'a Layout<'a>,
    bounds: BTreeMap<NodeId, usize>,
    carries: BTreeMap<NodeId, usize>,
    leads: BTreeMap<NodeId, usize>,
}

impl<'a> Loads<'a> {
    fn of(layout: &'a Layout<'a>, placements: &Placements, replicas: usize) -> Loads<'a> {
        let ids = || layout.nodes.iter().map(|node| node.id);
        let count = |of: &dyn Fn(&Placement, &NodeId) -> bool| {
            ids().map(|id| (id, placements.values().filter(|placement| of(placement, &id)).count())).collect()
        };
        Loads {
            layout,
            bounds: ids().zip(layout.bounds(placements.len(), replicas)).collect(),
            carries: count(&|placement, id| placement.replicas().contains(id)),
            leads: count(&|placement, id| placement.leader() == *id),
        }
    }

    fn target(
        &self,
        shard: ShardId,
        placement: &Placement,
        from: NodeId,
        all: &[PlanNode],
    ) -> Result<NodeId, PlanError> {
        let stays = |node: &&PlanNode| node.id != from && placement.replicas().contains(&node.id);
        let in_zone = |zone: &str| all.iter().filter(stays).filter(|node| node.zone == zone).count();
        let free = self.layout.nodes.iter().filter(|node| !placement.replicas().contains(&node.id));
        let best = free.min_by_key(|node| {
            let carries = self.carries[&node.id];
            // The load per capacity as a fraction of 2^32, exact enough to tell nodes apart.
            let load = ((carries as u64 + 1) << 32) / u64::from(node.capacity);
            (
                in_zone(&node.zone),
                carries >= self.bounds[&node.id],
                load,
                Reverse(hash::of_replica(shard, node.id, node.capacity)),
                node.id,
            )
        });
        let nodes = self.layout.nodes.len();
        let replicas = placement.replicas().len();
        best.map(|node| node.id).ok_or(PlanError::TooFewNodes { nodes, replicas, missing: 1 })
    }

    /// The placement after a move, which is counted.
    fn moved(&mut self, shard: ShardId, placement: &Placement, from: NodeId, to: NodeId) -> Placement {
        *self.carries.entry(to).or_default() += 1;
        let replicas: Vec<NodeId> =
            placement.replicas().iter().map(|node| if *node == from { to } else { *node }).collect();
        let leader =
            if placement.leader() == from { self.leader(shard, &replicas) } else { placement.leader() };
        if leader != placement.leader() {
            *self.leads.entry(leader).or_default() += 1;
        }
        Placement::new(replicas, leader)
    }

    /// Of the replicas that stay, the one whose node leads least for its capacity.
    fn leader(&self, shard: ShardId, replicas: &[NodeId]) -> NodeId {
        let staying = self.layout.nodes.iter().filter(|node| replicas.contains(&node.id));
        let best = staying.min_by_key(|node| {
            let load = ((self.leads[&node.id] as u64 + 1) << 32) / u64::from(node.capacity);
            (load, Reverse(hash::of_replica(shard, node.id, node.capacity)), node.id)
        });
        best.expect("the replica that came is on a node that stays").id
    }
}
