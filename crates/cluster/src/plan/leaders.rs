//! Which replica of each shard should lead it, so that leaders are spread as capacities are.
//!
//! The sum over all nodes of `leads · (leads + 1) / capacity` is as small as the placement of replicas allows, which is how
//! seats are shared out in proportion to votes. That is so exactly when no leadership can be handed along a chain of shards
//! from one node to a less busy one, so chains are looked for until there is none.

use super::PlanNode;
use base::{NodeId, ShardId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

/// Replicas of each shard, and who has to lead what.
pub(super) struct Spread<'a> {
    replicas: &'a BTreeMap<ShardId, Vec<NodeId>>,
    pinned: &'a BTreeMap<ShardId, NodeId>,
    capacity: BTreeMap<NodeId, u64>,
    leads: BTreeMap<NodeId, u64>,
    leader: BTreeMap<ShardId, NodeId>,
}

/// Leaders for shards. Shards in `pinned` have theirs already.
pub(super) fn spread(
    nodes: &[&PlanNode],
    replicas: &BTreeMap<ShardId, Vec<NodeId>>,
    pinned: &BTreeMap<ShardId, NodeId>,
) -> BTreeMap<ShardId, NodeId> {
    let mut spread = Spread {
        replicas,
        pinned,
        capacity: nodes.iter().map(|node| (node.id, u64::from(node.capacity))).collect(),
        leads: nodes.iter().map(|node| (node.id, 0)).collect(),
        leader: BTreeMap::new(),
    };
    spread.begin();
    while spread.improve() {}
    spread.leader
}

impl Spread<'_> {
    /// Pinned leaders, then for each shard the least busy of its replicas; of equals the one that the shard wanted most.
    fn begin(&mut self) {
        for (shard, node) in self.pinned {
            self.leader.insert(*shard, *node);
            *self.leads.entry(*node).or_default() += 1;
        }
        for (shard, replicas) in self.replicas.iter().filter(|(shard, _)| !self.pinned.contains_key(shard)) {
            let mut best: Option<NodeId> = None;
            for node in replicas {
                if best.is_none_or(|best| self.is_less_busy(*node, 1, best, 1)) {
                    best = Some(*node);
                }
            }
            if let Some(node) = best {
                self.leader.insert(*shard, node);
                *self.leads.entry(node).or_default() += 1;
            }
        }
    }

    /// Whether `node` with `more` leaders would be less busy for its capacity than `other` with `other_more`.
    fn is_less_busy(&self, node: NodeId, more: u64, other: NodeId, other_more: u64) -> bool {
        (self.leads[&node] + more) * self.capacity[&other]
            < (self.leads[&other] + other_more) * self.capacity[&node]
    }

    /// Hands one leadership along a chain, from a node to one that is less busy even afterwards. The busiest are tried first:
    /// they are the ones from which there is a chain.
    fn improve(&mut self) -> bool {
        let mut by_leader: BTreeMap<NodeId, Vec<ShardId>> = BTreeMap::new();
        for (shard, leader) in self.leader.iter().filter(|(shard, _)| !self.pinned.contains_key(shard)) {
            by_leader.entry(*leader).or_default().push(*shard);
        }
        let mut busiest: Vec<NodeId> = self.leads.keys().copied().collect();
        // The load per capacity as a fraction of 2^32, exact enough to begin well.
        busiest.sort_by_key(|node| Reverse((self.leads[node] << 32) / self.capacity[node]));
        for from in busiest {
            if let Some(chain) = self.chain(from, &by_leader) {
                for (shard, node) in &chain {
                    self.leader.insert(*shard, *node);
                }
                if let Some((_, to)) = chain.first() {
                    *self.leads.entry(*to).or_default() += 1;
                }
                *self.leads.entry(from).or_default() -= 1;
                return true;
            }
        }
        false
    }

    /// Which shards change to which leaders so that `from` leads one less and a less busy node, named first, one more.
    fn chain(
        &self,
        from: NodeId,
        by_leader: &BTreeMap<NodeId, Vec<ShardId>>,
    ) -> Option<Vec<(ShardId, NodeId)>> {
        let mut came: BTreeMap<NodeId, (ShardId, NodeId)> = BTreeMap::new();
        let mut open = VecDeque::from([from]);
        while let Some(node) = open.pop_front() {
            if self.is_less_busy(node, 1, from, 0) {
                let mut chain = Vec::new();
                let mut at = node;
                while let Some((shard, before)) = came.get(&at) {
                    chain.push((*shard, at));
                    at = *before;
                }
                return Some(chain);
            }
            for shard in by_leader.get(&node).into_iter().flatten() {
                for next in &self.replicas[shard] {
                    if *next != from && !came.contains_key(next) {
                        came.insert(*next, (*shard, node));
                        open.push_back(*next);
                    }
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Duty;
    use proptest::prelude::*;

    /// The sum over nodes of `leads · (leads + 1) / capacity`, times 60 so that it is whole for capacities up to 5.
    fn cost(capacities: &[u32], leaders: impl Iterator<Item = NodeId>) -> u64 {
        let mut leads = vec![0u64; capacities.len()];
        leaders.for_each(|node| leads[node.0 as usize] += 1);
        leads
            .iter()
            .zip(capacities)
            .map(|(leads, capacity)| leads * (leads + 1) * 60 / u64::from(*capacity))
            .sum()
    }

    /// The least cost of any choice of leaders.
    fn least(capacities: &[u32], replicas: &[Vec<NodeId>], chosen: &mut Vec<NodeId>) -> u64 {
        let Some(of_next) = replicas.get(chosen.len()) else {
            return cost(capacities, chosen.iter().copied());
        };
        let mut best = u64::MAX;
        for node in of_next {
            chosen.push(*node);
            best = best.min(least(capacities, replicas, chosen));
            chosen.pop();
        }
        best
    }

    proptest! {
        #[test]
        fn no_choice_of_leaders_is_more_even(
            capacities in prop::collection::vec(1u32..6, 3..6),
            of_shards in prop::collection::vec(prop::collection::btree_set(0u64..3, 1..4), 1..8),
            offsets in prop::collection::vec(0u64..6, 8),
        ) {
            let nodes: Vec<PlanNode> = (0..).zip(&capacities).map(|(id, capacity)| PlanNode {
                id: NodeId(id), zone: String::new(), capacity: *capacity, duty: Duty::Takes, prefers: None,
            }).collect();
            let shift = |(set, by): (&std::collections::BTreeSet<u64>, &u64)| -> Vec<NodeId> {
                set.iter().map(|node| NodeId((node + by) % nodes.len() as u64)).collect()
            };
            let replicas: Vec<Vec<NodeId>> = of_shards.iter().zip(&offsets).map(shift).collect();
            let by_shard = (0..).map(ShardId).zip(replicas.clone()).collect();
            let leaders = spread(&nodes.iter().collect::<Vec<_>>(), &by_shard, &BTreeMap::new());
            prop_assert!(leaders.iter().all(|(shard, node)| by_shard[shard].contains(node)));
            prop_assert_eq!(cost(&capacities, leaders.into_values()), least(&capacities, &replicas, &mut Vec::new()));
        }
    }
}
