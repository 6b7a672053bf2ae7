//! Properties of plans, for any nodes.

use super::layout::Layout;
use super::*;
use crate::state::Placements;
use base::{NodeId, SLOT_COUNT, ShardId, Slot, SlotMap};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn node(id: u64, zone: &str, capacity: u32) -> PlanNode {
    PlanNode { id: NodeId(id), zone: zone.into(), capacity, duty: Duty::Takes, prefers: None }
}

fn shards(count: u32) -> Vec<ShardId> {
    (0..count).map(ShardId).collect()
}

/// Nodes with rising but not consecutive ids, in a few zones, of different capacities.
fn any_nodes() -> impl Strategy<Value = Vec<PlanNode>> {
    let one = (1u64..5, 0u32..4, prop_oneof![Just(1u32), 1u32..5, Just(50)]);
    prop::collection::vec(one, 1..14).prop_map(|parts| {
        let mut id = 0;
        let mut make = |(gap, zone, capacity): (u64, u32, u32)| {
            id += gap;
            node(id, &format!("zone-{zone}"), capacity)
        };
        parts.into_iter().map(&mut make).collect()
    })
}

fn carried(placements: &Placements) -> BTreeMap<NodeId, usize> {
    let mut carried = BTreeMap::new();
    for placement in placements.values() {
        for node in placement.replicas() {
            *carried.entry(*node).or_default() += 1;
        }
    }
    carried
}

fn led(placements: &Placements) -> BTreeMap<NodeId, u64> {
    let mut led = BTreeMap::new();
    placements.values().for_each(|placement| *led.entry(placement.leader()).or_default() += 1);
    led
}

/// How many replicas of each shard are in its fullest zone.
fn fullest_zones(nodes: &[PlanNode], placements: &Placements) -> Vec<usize> {
    let zone = |id: &NodeId| nodes.iter().find(|node| node.id == *id).unwrap().zone.clone();
    let fullest = |placement: &crate::state::Placement| {
        let mut zones: BTreeMap<String, usize> = BTreeMap::new();
        placement.replicas().iter().for_each(|id| *zones.entry(zone(id)).or_default() += 1);
        zones.into_values().max().unwrap()
    };
    placements.values().map(fullest).collect()
}

#[test]
fn the_first_placement_is_pinned() {
    let nodes: Vec<_> = (1..=5).map(|id| node(id, "", 1)).collect();
    let placed = first_placement(&nodes, &shards(6), 3).unwrap().placements;
    let written: Vec<(Vec<u64>, u64)> = placed
        .values()
        .map(|placement| (placement.replicas().iter().map(|node| node.0).collect(), placement.leader().0))
        .collect();
    // A change here means that the hash has changed.
    let pinned = [
        (vec![1, 2, 5], 1),
        (vec![1, 2, 3], 3),
        (vec![1, 3, 4], 4),
        (vec![2, 3, 5], 5),
        (vec![1, 2, 5], 2),
        (vec![1, 3, 5], 5),
    ];
    assert_eq!(written, pinned);
}

#[test]
fn too_few_nodes_are_refused_with_how_many_are_missing() {
    let mut nodes = vec![node(1, "a", 1), node(2, "b", 1), node(3, "c", 1)];
    nodes[2].duty = Duty::Drains;
    let refused = first_placement(&nodes, &shards(4), 3).unwrap_err();
    assert_eq!(refused, PlanError::TooFewNodes { nodes: 2, replicas: 3, missing: 1 });
    assert!(refused.to_string().ends_with("add 1"), "{refused}");
    assert_eq!(first_placement(&nodes, &[], 1), Err(PlanError::Nothing));
    assert_eq!(first_placement(&nodes, &shards(1), 0), Err(PlanError::Nothing));
    nodes[1].id = NodeId(1);
    assert_eq!(first_placement(&nodes, &shards(1), 1), Err(PlanError::Twice(NodeId(1))));
    nodes[0].capacity = 0;
    assert_eq!(first_placement(&nodes[..1], &shards(1), 1), Err(PlanError::NoCapacity(NodeId(1))));
}

#[test]
fn three_nodes_that_prefer_three_shards_lead_them() {
    let mut nodes: Vec<_> = (1..=3).map(|id| node(id, "", 1)).collect();
    for (node, shard) in nodes.iter_mut().zip([2, 0, 1]) {
        node.prefers = Some(ShardId(shard));
    }
    let first = first_placement(&nodes, &shards(3), 3).unwrap();
    assert_eq!(first.unmet, []);
    for node in &nodes {
        assert_eq!(first.placements[&node.prefers.unwrap()].leader(), node.id);
    }
}

#[test]
fn of_two_nodes_that_prefer_one_shard_one_leads_it_and_the_other_is_named() {
    let mut nodes: Vec<_> = (1..=4).map(|id| node(id, "", 1)).collect();
    nodes[0].prefers = Some(ShardId(1));
    nodes[1].prefers = Some(ShardId(1));
    nodes[2].prefers = Some(ShardId(9));
    let first = first_placement(&nodes, &shards(3), 2).unwrap();
    let leader = first.placements[&ShardId(1)].leader();
    assert!([NodeId(1), NodeId(2)].contains(&leader));
    let other = NodeId(3 - leader.0);
    let mut unmet = vec![(other, ShardId(1)), (NodeId(3), ShardId(9))];
    unmet.sort_unstable();
    assert_eq!(first.unmet, unmet);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_first_placement_keeps_its_promises(nodes in any_nodes(), count in 1u32..40, replicas in 1usize..5) {
        prop_assume!(nodes.len() >= replicas);
        let placed = first_placement(&nodes, &shards(count), replicas).unwrap().placements;
        prop_assert_eq!(placed.len(), count as usize);
        // Never two on one node: a placement has each node once.
        prop_assert!(placed.values().all(|placement| placement.replicas().len() == replicas));
        let layout = Layout::new(&nodes, replicas).unwrap();
        let bounds = layout.bounds(count as usize, replicas);
        let carried = carried(&placed);
        for (node, bound) in layout.nodes.iter().zip(&bounds) {
            prop_assert!(carried.get(&node.id).copied().unwrap_or(0) <= *bound, "{} {:?} {:?}", node.id, carried, bounds);
        }
        let zones = nodes.iter().map(|node| &node.zone).collect::<BTreeSet<_>>().len();
        for fullest in fullest_zones(&nodes, &placed) {
            prop_assert!(fullest <= layout.per_zone);
            prop_assert!(zones < replicas || fullest == 1);
        }
    }

    #[test]
    fn equal_nodes_are_within_a_quarter_of_the_average(nodes in 3usize..12, count in 1u32..60) {
        let nodes: Vec<_> = (1..=nodes as u64).map(|id| node(id, "", 7)).collect();
        let placed = first_placement(&nodes, &shards(count), 3).unwrap().placements;
        let most = (5 * 3 * count as usize).div_ceil(4 * nodes.len());
        prop_assert!(carried(&placed).values().all(|carried| *carried <= most));
        // Leaders are spread to within one, as far as five nodes and more leave room for it.
        let led = led(&placed);
        let of = |node: &PlanNode| led.get(&node.id).copied().unwrap_or(0);
        let (least, most) = (nodes.iter().map(of).min().unwrap(), nodes.iter().map(of).max().unwrap());
        let can_take_more = nodes.iter().filter(|node| of(node) == least).any(|node| {
            placed.values().any(|placement| {
                placement.replicas().contains(&node.id) && led[&placement.leader()] > least + 1
            })
        });
        prop_assert!(!can_take_more, "{least} {most}");
    }

    #[test]
    fn the_order_of_the_lists_does_not_matter(
        nodes in any_nodes(), count in 1u32..20, seed in any::<prop::sample::Index>(), replicas in 1usize..4,
    ) {
        prop_assume!(nodes.len() >= replicas);
        let one = first_placement(&nodes, &shards(count), replicas).unwrap();
        let (mut turned, mut turned_shards) = (nodes.clone(), shards(count));
        turned.rotate_left(seed.index(nodes.len()));
        turned.reverse();
        turned_shards.reverse();
        prop_assert_eq!(&first_placement(&turned, &turned_shards, replicas).unwrap(), &one);
        turned[0].duty = Duty::Drains;
        let first = drain(&turned, &one.placements, replicas);
        turned.reverse();
        prop_assert_eq!(first, drain(&turned, &one.placements, replicas));
    }

    #[test]
    fn preferences_are_kept_while_each_shard_is_preferred_once(
        nodes in any_nodes(), count in 1u32..20, replicas in 1usize..4,
    ) {
        prop_assume!(nodes.len() >= replicas);
        let mut nodes = nodes;
        for (node, shard) in nodes.iter_mut().zip(shards(count)) {
            node.prefers = Some(shard);
        }
        let first = first_placement(&nodes, &shards(count), replicas).unwrap();
        for node in nodes.iter().filter(|node| node.prefers.is_some()) {
            let shard = node.prefers.unwrap();
            let is_led = first.placements[&shard].leader() == node.id;
            prop_assert!(is_led != first.unmet.contains(&(node.id, shard)));
        }
        // Capacities and zones may stand against a wish; where all are equal none does.
        let is_even = nodes.iter().all(|node| node.capacity == nodes[0].capacity && node.zone == nodes[0].zone);
        prop_assert!(!is_even || first.unmet.is_empty(), "{:?}", first.unmet);
    }

    #[test]
    fn draining_moves_only_what_has_to_move(
        nodes in any_nodes(), count in 1u32..30, replicas in 1usize..4, leaving in 1usize..3,
    ) {
        prop_assume!(nodes.len() >= replicas + leaving);
        let placed = first_placement(&nodes, &shards(count), replicas).unwrap().placements;
        let mut nodes = nodes;
        nodes.iter_mut().step_by(2).take(leaving).for_each(|node| node.duty = Duty::Drains);
        let is_leaving = |id: &NodeId| nodes.iter().any(|node| node.id == *id && node.duty == Duty::Drains);
        let moves = drain(&nodes, &placed, replicas).unwrap();
        let had: usize = placed.values().map(|p| p.replicas().iter().filter(|id| is_leaving(id)).count()).sum();
        prop_assert_eq!(moves.len(), had);
        let mut after = placed.clone();
        for (made, step) in moves.iter().enumerate() {
            // Whoever begins anew finds the rest of the same plan.
            prop_assert_eq!(&drain(&nodes, &after, replicas).unwrap()[..], &moves[made..]);
            let before = after.insert(step.shard, step.placement.clone()).unwrap();
            prop_assert!(is_leaving(&step.from) && !is_leaving(&step.to));
            prop_assert!(before.replicas().contains(&step.from) && !before.replicas().contains(&step.to));
            prop_assert_eq!(step.placement.replicas().len(), replicas);
            prop_assert!(step.placement.leader() == before.leader() || before.leader() == step.from);
            prop_assert!(!is_leaving(&step.placement.leader()) || before.leader() != step.from);
        }
        prop_assert!(after.values().all(|placement| !placement.replicas().iter().any(is_leaving)));
        prop_assert_eq!(drain(&nodes, &after, replicas).unwrap(), []);
        // Shards that lose their leader come first.
        let leads: Vec<bool> = moves.iter().map(|step| placed[&step.shard].leader() == step.from).collect();
        prop_assert!(leads.is_sorted_by(|a, b| a >= b), "{leads:?}");
    }

    #[test]
    fn draining_keeps_the_bound_of_equal_nodes(nodes in 5usize..12, count in 1u32..60) {
        let mut nodes: Vec<_> = (1..=nodes as u64).map(|id| node(id, "", 1)).collect();
        let placed = first_placement(&nodes, &shards(count), 3).unwrap().placements;
        nodes[0].duty = Duty::Drains;
        let mut after = placed;
        for step in drain(&nodes, &after, 3).unwrap() {
            after.insert(step.shard, step.placement);
        }
        let most = (5 * 3 * count as usize).div_ceil(4 * (nodes.len() - 1));
        prop_assert!(carried(&after).values().all(|carried| *carried <= most), "{:?} {most}", carried(&after));
    }

    #[test]
    fn draining_keeps_zones_apart_while_there_are_enough(per_zone in 2u64..4, zones in 3u64..5, count in 1u32..30) {
        let mut nodes: Vec<_> = (0..per_zone * zones).map(|id| node(id, &format!("{}", id % zones), 1)).collect();
        let placed = first_placement(&nodes, &shards(count), 3).unwrap().placements;
        nodes[0].duty = Duty::Drains;
        let mut after = placed;
        for step in drain(&nodes, &after, 3).unwrap() {
            after.insert(step.shard, step.placement);
        }
        prop_assert!(fullest_zones(&nodes, &after).iter().all(|fullest| *fullest == 1));
    }

}

proptest! {
    // Each looks at every slot several times.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_new_shard_takes_its_share_and_no_more(count in 1u32..40, more in 1u32..4) {
        let mut holders: Vec<ShardId> = {
            let map = SlotMap::even(count);
            (0..SLOT_COUNT).map(|slot| map.shard_of(Slot::new(slot).unwrap())).collect()
        };
        for new in count..count + more {
            let map = map_of(&holders);
            let moves = slots_for_new_shard(&map, ShardId(new)).unwrap();
            prop_assert_eq!(&moves, &slots_for_new_shard(&map, ShardId(new)).unwrap());
            prop_assert_eq!(moves.len(), usize::from(SLOT_COUNT) / (new as usize + 1));
            for taken in &moves {
                let holder = &mut holders[usize::from(taken.slot.number())];
                prop_assert_eq!(*holder, taken.from);
                *holder = ShardId(new);
            }
            let mut held = vec![0u32; new as usize + 1];
            holders.iter().for_each(|shard| held[shard.0 as usize] += 1);
            let (least, most) = (held.iter().min().unwrap(), held.iter().max().unwrap());
            prop_assert!(most - least <= 1, "{:?}", held);
        }
    }
}

/// The map of which slot each shard holds, by way of its stored form.
fn map_of(holders: &[ShardId]) -> SlotMap {
    let mut runs: Vec<(u16, u32)> = Vec::new();
    for (slot, shard) in holders.iter().enumerate() {
        if runs.last().is_none_or(|(_, last)| *last != shard.0) {
            runs.push((slot as u16, shard.0));
        }
    }
    serde_json::from_value(serde_json::json!({"version": 2, "runs": runs})).unwrap()
}
