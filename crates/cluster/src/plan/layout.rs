//! The nodes that may carry replicas, their zones, and how much each may carry.

use super::PlanError;
use base::{NodeId, ShardId};
use std::collections::BTreeMap;

/// How far above its fair share a node may be: by a quarter, rounded up.
const SLACK: (u128, u128) = (5, 4);

/// What a node does with replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// It keeps those that it has and takes more.
    Takes,
    /// It keeps those that it has: nobody knows whether it could take more, because it is down.
    Keeps,
    /// It gives them all away.
    Drains,
}

/// A node, as plans see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanNode {
    /// Which.
    pub id: NodeId,
    /// What fails together with it. Nodes without zones are all in the zone of the empty name.
    pub zone: String,
    /// How much it can carry, compared with others. At least 1.
    pub capacity: u32,
    /// What it does with replicas.
    pub duty: Duty,
    /// The shard that it would like to lead.
    pub prefers: Option<ShardId>,
}

/// Nodes that take replicas, by ascending id, and their zones.
pub(super) struct Layout<'a> {
    pub nodes: Vec<&'a PlanNode>,
    /// The zone of each node, as a number.
    pub zone_of: Vec<usize>,
    /// How many nodes are in each zone.
    pub zones: Vec<usize>,
    /// How many replicas of one shard a zone may have: the least number with which all find a place. It is one as soon as
    /// there are as many zones as replicas.
    pub per_zone: usize,
}

impl<'a> Layout<'a> {
    pub fn new(nodes: &'a [PlanNode], replicas: usize) -> Result<Layout<'a>, PlanError> {
        let mut by_id = BTreeMap::new();
        for node in nodes {
            if by_id.insert(node.id, node).is_some() {
                return Err(PlanError::Twice(node.id));
            }
            if node.capacity == 0 {
                return Err(PlanError::NoCapacity(node.id));
            }
        }
        let nodes: Vec<&PlanNode> = by_id.into_values().filter(|node| node.duty == Duty::Takes).collect();
        if replicas == 0 {
            return Err(PlanError::Nothing);
        }
        if nodes.len() < replicas {
            let missing = replicas - nodes.len();
            return Err(PlanError::TooFewNodes { nodes: nodes.len(), replicas, missing });
        }
        let mut numbers = BTreeMap::new();
        for node in &nodes {
            let next = numbers.len();
            numbers.entry(node.zone.as_str()).or_insert(next);
        }
        let zone_of: Vec<usize> = nodes.iter().map(|node| numbers[node.zone.as_str()]).collect();
        let mut zones = vec![0; numbers.len()];
        zone_of.iter().for_each(|zone| zones[*zone] += 1);
        let fits = |limit: &usize| zones.iter().map(|nodes| nodes.min(limit)).sum::<usize>() >= replicas;
        let per_zone = (1..=replicas).find(fits).unwrap_or(replicas);
        Ok(Layout { nodes, zone_of, zones, per_zone })
    }

    /// How many replicas each node may carry when there are `shards` shards.
    ///
    /// The fair share of a node is in proportion to its capacity, as far as zones and the rule of one replica of a shard
    /// a node let it be: what a small zone or a node cannot take is shared by the others. The bound is a quarter above
    /// that, rounded up.
    pub fn bounds(&self, shards: usize, replicas: usize) -> Vec<usize> {
        let shards_wide = shards as u128;
        let weight = |node: &PlanNode| u128::from(node.capacity);
        let zone_parts: Vec<(u128, u128)> = (0..self.zones.len())
            .map(|zone| {
                let weights = self.of_zone(zone).map(|at| weight(self.nodes[at])).sum();
                (weights, shards_wide * self.zones[zone].min(self.per_zone) as u128)
            })
            .collect();
        let mut bounds = vec![0; self.nodes.len()];
        let whole = Share { over: shards_wide * replicas as u128, under: 1 };
        for (zone, share) in divide(whole, &zone_parts).into_iter().enumerate() {
            let parts: Vec<_> = self.of_zone(zone).map(|at| (weight(self.nodes[at]), shards_wide)).collect();
            for (at, share) in self.of_zone(zone).zip(divide(share, &parts)) {
                let bound = (share.over * SLACK.0).div_ceil(share.under * SLACK.1);
                bounds[at] = shards.min(bound as usize);
            }
        }
        bounds
    }

    fn of_zone(&self, zone: usize) -> impl Iterator<Item = usize> + Clone + '_ {
        (0..self.nodes.len()).filter(move |at| self.zone_of[*at] == zone)
    }
}

/// An exact fraction.
#[derive(Clone, Copy)]
struct Share {
    over: u128,
    under: u128,
}

/// Divides `whole` in proportion to weights, none getting more than its limit. Parts are `(weight, limit)`; the limits
/// together are no less than the whole.
fn divide(mut whole: Share, parts: &[(u128, u128)]) -> Vec<Share> {
    let mut full = vec![false; parts.len()];
    loop {
        let weights: u128 =
            parts.iter().zip(&full).filter(|(_, full)| !**full).map(|((weight, _), _)| weight).sum();
        let above = |at: &usize| {
            let (weight, limit) = parts[*at];
            !full[*at] && whole.over * weight > limit * whole.under * weights
        };
        let filled: Vec<usize> = (0..parts.len()).filter(above).collect();
        if filled.is_empty() {
            let share = |(at, (weight, limit)): (usize, &(u128, u128))| match full[at] {
                true => Share { over: *limit, under: 1 },
                false => Share { over: whole.over * weight, under: whole.under * weights },
            };
            return parts.iter().enumerate().map(share).collect();
        }
        for at in filled {
            full[at] = true;
            whole.over -= parts[at].1 * whole.under;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(of: &[(&str, u32)]) -> Vec<PlanNode> {
        let node = |(id, (zone, capacity)): (u64, &(&str, u32))| PlanNode {
            id: NodeId(id),
            zone: (*zone).into(),
            capacity: *capacity,
            duty: Duty::Takes,
            prefers: None,
        };
        (1..).zip(of).map(node).collect()
    }

    fn bounds(of: &[(&str, u32)], shards: usize, replicas: usize) -> Vec<usize> {
        Layout::new(&nodes(of), replicas).unwrap().bounds(shards, replicas)
    }

    #[test]
    fn equal_nodes_have_a_quarter_of_slack() {
        assert_eq!(bounds(&[("", 1); 5], 32, 3), [24; 5]);
    }

    #[test]
    fn capacity_counts_until_a_node_has_every_shard() {
        assert_eq!(bounds(&[("", 3), ("", 1), ("", 1), ("", 1)], 8, 2), [8, 4, 4, 4]);
        assert_eq!(bounds(&[("", 100), ("", 1), ("", 1)], 8, 2), [8, 5, 5]);
    }

    #[test]
    fn the_only_node_of_a_zone_takes_what_the_zone_rule_gives_it() {
        assert_eq!(bounds(&[("a", 1), ("b", 1), ("b", 1), ("c", 1), ("c", 1)], 8, 3), [8, 5, 5, 5, 5]);
    }

    #[test]
    fn with_fewer_zones_than_replicas_they_are_used_as_evenly_as_they_can_be() {
        assert_eq!(Layout::new(&nodes(&[("a", 1), ("a", 1), ("b", 1), ("b", 1)]), 3).unwrap().per_zone, 2);
        assert_eq!(Layout::new(&nodes(&[("a", 1), ("b", 1), ("b", 1), ("b", 1)]), 4).unwrap().per_zone, 3);
    }
}
