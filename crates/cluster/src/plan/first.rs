//! The first placement of all: where replicas go when there are none yet.

use super::layout::Layout;
use super::rooms::Rooms;
use super::{PlanError, PlanNode, hash, leaders};
use crate::state::{Placement, Placements};
use base::{NodeId, ShardId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The first placement, and which wishes it could not grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstPlacement {
    /// Where every shard goes.
    pub placements: Placements,
    /// Nodes that prefer to lead a shard that does not exist, or that another node leads.
    pub unmet: Vec<(NodeId, ShardId)>,
}

/// Places `replicas` replicas of each shard.
///
/// - No two replicas of a shard are on one node, and no two in one zone while there are enough zones; with fewer zones
///   they are spread over them as evenly as the nodes in them allow.
/// - No node is more than a quarter, rounded up, above its fair share, which is in proportion to its capacity as far as the
///   rules above let it be.
/// - Within that, each shard goes to the nodes that rendezvous hashing ranks first.
/// - A node that prefers to lead a shard has a replica of it and leads it; of several, the one that the shard ranks first.
///   Other leaders are spread in proportion to capacity, as evenly as replicas allow.
///
/// The order of the lists does not matter. Fewer nodes than replicas are refused: a shard that begins with fewer voters
/// than it was promised would look safe and not be.
pub fn first_placement(
    nodes: &[PlanNode],
    shards: &[ShardId],
    replicas: usize,
) -> Result<FirstPlacement, PlanError> {
    let layout = Layout::new(nodes, replicas)?;
    let shards: BTreeSet<ShardId> = shards.iter().copied().collect();
    if shards.is_empty() {
        return Err(PlanError::Nothing);
    }
    let wishes = Wishes::of(&layout, &shards);
    let mut rooms = Rooms::new(&layout, shards.len(), replicas);
    let mut placed = BTreeMap::new();
    let mut left = shards.len();
    // Shards that a node prefers come first, while there is room for every wish.
    let (wished, others): (Vec<_>, Vec<_>) =
        shards.iter().partition(|shard| wishes.granted.contains_key(shard));
    for shard in wished.into_iter().chain(others) {
        left -= 1;
        let first = wishes.granted.get(shard);
        let taken = rooms.take(&ranked(&layout, *shard, first.copied()), left);
        placed.insert(*shard, taken.into_iter().map(|node| layout.nodes[node].id).collect::<Vec<_>>());
    }
    Ok(wishes.into_placement(&layout, placed))
}

/// The nodes in the order in which a shard wants them: the one that prefers it, then by rank.
fn ranked(layout: &Layout<'_>, shard: ShardId, first: Option<usize>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..layout.nodes.len()).collect();
    order.sort_by_cached_key(|at| {
        let node = layout.nodes[*at];
        (Some(*at) != first, Reverse(hash::of_replica(shard, node.id, node.capacity)), node.id)
    });
    order
}

/// What nodes would like to lead.
struct Wishes {
    /// The node, as its number in the layout, that a shard is led by.
    granted: BTreeMap<ShardId, usize>,
    unmet: Vec<(NodeId, ShardId)>,
}

impl Wishes {
    fn of(layout: &Layout<'_>, shards: &BTreeSet<ShardId>) -> Wishes {
        let mut wishes = Wishes { granted: BTreeMap::new(), unmet: Vec::new() };
        for shard in layout.nodes.iter().filter_map(|node| node.prefers).collect::<BTreeSet<_>>() {
            let of_it = |at: &usize| layout.nodes[*at].prefers == Some(shard);
            let mut by_rank = ranked(layout, shard, None).into_iter().filter(of_it);
            if shards.contains(&shard) {
                wishes.granted.extend(by_rank.next().map(|node| (shard, node)));
            }
            wishes.unmet.extend(by_rank.map(|node| (layout.nodes[node].id, shard)));
        }
        wishes
    }

    fn into_placement(self, layout: &Layout<'_>, placed: BTreeMap<ShardId, Vec<NodeId>>) -> FirstPlacement {
        let mut unmet = self.unmet;
        let mut pinned = BTreeMap::new();
        for (shard, node) in self.granted {
            let node = layout.nodes[node].id;
            if placed[&shard].contains(&node) {
                pinned.insert(shard, node);
            } else {
                unmet.push((node, shard));
            }
        }
        unmet.sort_unstable();
        let leaders = leaders::spread(&layout.nodes, &placed, &pinned);
        let placements = placed.into_iter().map(|(shard, replicas)| {
            let leader = leaders[&shard];
            (shard, Placement::new(replicas, leader))
        });
        FirstPlacement { placements: placements.collect(), unmet }
    }
}
