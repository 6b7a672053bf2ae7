//! Walks from the newest changes back to those that somebody has. What a walk costs depends on how much is
//! new, not on how long the history is.
//!
//! Invariant: a change stands behind all that it was made on, so that whoever looks at changes from the last
//! position to the first has seen everything that was made on a change before the change itself.

use std::collections::BinaryHeap;

use base::Hash;
use foldhash::HashSet;

use super::clock::Clock;
use super::view::View;
use super::{Graph, Node};

/// How many covered changes are looked at one by one before the kept clocks are asked. The clocks cost more at
/// first, because they count all actors, and nothing afterwards.
const STEPS: usize = 256;

impl Graph {
    /// Every change that is not among the given ones and their ancestors, ancestors first. Given ones that
    /// are not there are passed over.
    pub fn since(&self, known: &[Hash]) -> Vec<Hash> {
        self.positions_since(known).into_iter().map(|index| self.at(index).hash).collect()
    }

    /// The heads, sorted, of a document with the known changes, their ancestors, and all others that join
    /// them: those that are wanted and were made on nothing that is left out.
    pub(crate) fn joined(&self, known: &[Hash], joins: impl Fn(&Hash) -> bool) -> Vec<Hash> {
        let mut newest: HashSet<u32> = self.positions_of(&self.frontier(known)).into_iter().collect();
        let mut left_out: HashSet<u32> = HashSet::default();
        for index in self.positions_since(known) {
            let node = self.at(index);
            if node.deps.iter().any(|dep| left_out.contains(dep)) || !joins(&node.hash) {
                left_out.insert(index);
            } else {
                for dep in &node.deps {
                    newest.remove(dep);
                }
                newest.insert(index);
            }
        }
        let mut heads: Vec<Hash> = newest.into_iter().map(|index| self.at(index).hash).collect();
        heads.sort_unstable();
        heads
    }

    fn positions_since(&self, known: &[Hash]) -> Vec<u32> {
        let known = self.positions_of(known);
        if known.is_empty() {
            return (0..self.nodes.len() as u32).collect();
        }
        let mut cover = Cover::new(self, &known);
        let mut todo: BinaryHeap<u32> = self.heads.iter().map(|head| self.by_hash[head]).collect();
        let mut newest_first = Vec::new();
        while let Some(index) = todo.pop() {
            // Equal ones follow each other out of the heap: all that lead to a change came before it.
            while todo.peek() == Some(&index) {
                todo.pop();
            }
            if !cover.contains(index) {
                newest_first.push(index);
                todo.extend(&self.at(index).deps);
            }
        }
        newest_first.reverse();
        newest_first
    }

    /// Those of the given changes that are not ancestors of others of them, sorted: the heads of a document
    /// that has them all. Given ones that are not there are left out.
    pub fn frontier(&self, changes: &[Hash]) -> Vec<Hash> {
        if changes.iter().all(|change| self.heads.contains(change)) {
            // No head is an ancestor of another.
            let mut newest = changes.to_vec();
            newest.sort_unstable();
            newest.dedup();
            return newest;
        }
        let mut indices = self.positions_of(changes);
        indices.sort_unstable_by(|a, b| b.cmp(a));
        indices.dedup();
        let mut cover = Cover::new(self, &[]);
        let mut newest: Vec<Hash> = Vec::new();
        for index in indices {
            if !cover.contains(index) {
                cover.add(index);
                newest.push(self.at(index).hash);
            }
        }
        newest.sort_unstable();
        newest
    }

    fn positions_of(&self, changes: &[Hash]) -> Vec<u32> {
        changes.iter().filter_map(|hash| self.by_hash.get(hash).copied()).collect()
    }

    fn at(&self, index: u32) -> &Node {
        &self.nodes[index as usize]
    }
}

/// Some changes and all their ancestors, found no further back than somebody asks.
struct Cover<'a> {
    graph: &'a Graph,
    given: Vec<u32>,
    found: HashSet<u32>,
    /// Found ones whose dependencies are not found yet.
    open: BinaryHeap<u32>,
    /// All of it, once it went too far to be found one by one.
    clock: Option<Clock>,
}

impl<'a> Cover<'a> {
    fn new(graph: &'a Graph, given: &[u32]) -> Self {
        let (found, open) = (given.iter().copied().collect(), given.iter().copied().collect());
        Cover { graph, given: given.to_vec(), found, open, clock: None }
    }

    fn add(&mut self, index: u32) {
        self.given.push(index);
        if let Some(clock) = &mut self.clock {
            clock.merge(&View::new(self.graph).clock_of(&[index]));
        } else if self.found.insert(index) {
            self.open.push(index);
        }
    }

    fn contains(&mut self, index: u32) -> bool {
        self.open_down_to(index);
        match &self.clock {
            None => self.found.contains(&index),
            Some(clock) => {
                let node = self.graph.at(index);
                clock.covers(node.actor, node.seq)
            }
        }
    }

    fn open_down_to(&mut self, index: u32) {
        while self.clock.is_none() && self.open.peek().is_some_and(|newest| *newest > index) {
            let deps = self.open.pop().map_or(&[][..], |newest| &self.graph.at(newest).deps);
            self.open.extend(deps.iter().filter(|dep| self.found.insert(**dep)));
            if self.found.len() > STEPS + self.given.len() {
                self.clock = Some(View::new(self.graph).clock_of(&self.given));
            }
        }
    }
}
