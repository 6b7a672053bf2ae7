//! Choosing nodes for one shard after the other, so that the last one still finds its place.
//!
//! A greedy choice can paint itself into a corner: the nodes with room left are in one zone, or too few. So a node is
//! taken only if what remains can be placed. What remains is the rest of this shard and `left` shards that are all alike,
//! each with one replica a node and `per_zone` a zone. Such a problem can be solved exactly if
//!
//! ```text
//! Σ over zones of min( Σ over its nodes of min(room, left),  left · per_zone )  ≥  left · replicas
//! ```
//!
//! (It is a flow through zones to nodes; the even split of all rooms over all shards is a solution in fractions, and a flow
//! with whole capacities then has one in whole numbers.) The rest of this shard is best filled with what costs that sum
//! least, which is found node by node because the costs within a zone only rise.

use super::layout::Layout;

/// How many more replicas each node may take.
pub(super) struct Rooms<'a> {
    layout: &'a Layout<'a>,
    replicas: usize,
    room: Vec<usize>,
}

impl<'a> Rooms<'a> {
    pub fn new(layout: &'a Layout<'a>, shards: usize, replicas: usize) -> Rooms<'a> {
        Rooms { layout, replicas, room: layout.bounds(shards, replicas) }
    }

    /// Takes nodes for a shard, in the order in which it wants them, and as far as `left` more shards allow.
    pub fn take(&mut self, wanted: &[usize], left: usize) -> Vec<usize> {
        let mut taken = Vec::with_capacity(self.replicas);
        for node in wanted {
            if taken.len() == self.replicas {
                break;
            }
            taken.push(*node);
            if !self.is_enough_after(&taken, left) {
                taken.pop();
            }
        }
        debug_assert_eq!(taken.len(), self.replicas, "the bounds leave room for every shard");
        taken.iter().for_each(|node| self.room[*node] -= 1);
        taken
    }

    /// Whether this shard, which has `taken`, and `left` more can be placed.
    fn is_enough_after(&self, taken: &[usize], left: usize) -> bool {
        let mut after = After::new(self, left);
        taken.iter().all(|node| after.take(*node))
            && (taken.len()..self.replicas).all(|_| after.take_cheapest())
            && after.is_enough()
    }
}

/// The rooms while one shard is tried out.
struct After<'a> {
    rooms: &'a Rooms<'a>,
    left: usize,
    room: Vec<usize>,
    is_taken: Vec<bool>,
    in_zone: Vec<usize>,
    /// What each zone could give to the shards that are left, were it not for the zone rule.
    sums: Vec<usize>,
}

impl<'a> After<'a> {
    fn new(rooms: &'a Rooms<'a>, left: usize) -> After<'a> {
        let layout = rooms.layout;
        let mut sums = vec![0; layout.zones.len()];
        for (node, zone) in layout.zone_of.iter().enumerate() {
            sums[*zone] += rooms.room[node].min(left);
        }
        let nodes = layout.nodes.len();
        After {
            rooms,
            left,
            room: rooms.room.clone(),
            is_taken: vec![false; nodes],
            in_zone: vec![0; layout.zones.len()],
            sums,
        }
    }

    fn may_take(&self, node: usize) -> bool {
        let zone = self.rooms.layout.zone_of[node];
        !self.is_taken[node] && self.room[node] > 0 && self.in_zone[zone] < self.rooms.layout.per_zone
    }

    /// Takes a node, unless it has no room or its zone has its replicas.
    fn take(&mut self, node: usize) -> bool {
        if !self.may_take(node) {
            return false;
        }
        let zone = self.rooms.layout.zone_of[node];
        self.sums[zone] -= usize::from(self.room[node] <= self.left);
        self.room[node] -= 1;
        self.is_taken[node] = true;
        self.in_zone[zone] += 1;
        true
    }

    /// Takes the node that the shards that are left miss least: first one with room to spare, then one in a zone that has
    /// room to spare.
    fn take_cheapest(&mut self) -> bool {
        let cost = |node: &usize| {
            let zone = self.rooms.layout.zone_of[*node];
            match () {
                () if self.room[*node] > self.left => 0,
                () if self.sums[zone] > self.left * self.rooms.layout.per_zone => 1,
                () => 2,
            }
        };
        let cheapest = (0..self.room.len()).filter(|node| self.may_take(*node)).min_by_key(cost);
        cheapest.is_some_and(|node| self.take(node))
    }

    fn is_enough(&self) -> bool {
        let most = self.left * self.rooms.layout.per_zone;
        let sum: usize = self.sums.iter().map(|sum| *sum.min(&most)).sum();
        sum >= self.left * self.rooms.replicas
    }
}
