//! The change graph of a document: what is known about each of its changes without opening the document.
//!
//! Invariants:
//! - a change is in the graph only with all its ancestors, and stands behind them;
//! - the changes of one actor are numbered 1, 2, 3, … and each is an ancestor of the next, so that
//!   "everything up to number n of this actor" says which of its changes are ancestors of a given change;
//! - the heads are the changes that no other depends on.

mod clock;
mod order;
pub(crate) mod run;
mod shape;
mod summary;
#[cfg(test)]
mod tests;
mod view;
mod walk;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use base::Hash;
use foldhash::HashMap;
use thiserror::Error;

pub use shape::shape;
pub use summary::{Actor, NotASummary, Summary};

use clock::Clock;
pub(crate) use order::is_before;
use run::Runs;
pub(crate) use view::{Scope, View};

/// The changes of one document.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    by_hash: HashMap<Hash, u32>,
    writers: Vec<Writer>,
    by_actor: HashMap<Actor, u32>,
    heads: BTreeSet<Hash>,
    /// The heads once more, for those who keep them; made when somebody asks.
    shared_heads: OnceLock<Arc<[Hash]>>,
    max_op: u32,
    /// Bytes of all kept clocks.
    clock_bytes: usize,
}

/// One change. Ids in its runs index the graph's writers.
#[derive(Debug, Clone)]
struct Node {
    hash: Hash,
    actor: u32,
    seq: u32,
    start_op: u32,
    deps: Box<[u32]>,
    runs: Runs,
    /// How many steps a walk to the next kept clocks may take: one for each way to a change before them.
    reach: u32,
    clock: Option<Clock>,
}

/// An actor and its changes, by their number minus one.
#[derive(Debug, Clone)]
struct Writer {
    actor: Actor,
    changes: Vec<u32>,
}

/// Why a change does not fit into a graph.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Misfit {
    /// A change that it depends on is not there.
    #[error("change {change} depends on {dependency}, which is not there")]
    MissingDependency {
        /// The change.
        change: Hash,
        /// What it depends on.
        dependency: Hash,
    },
    /// Another change has the same actor and number.
    #[error("change {change} has the number {seq} of its actor, and so has {other}")]
    DuplicateSeq {
        /// The change.
        change: Hash,
        /// Its number.
        seq: u64,
        /// The change that has this number.
        other: Hash,
    },
    /// The actor's changes before this one are not there.
    #[error("change {change} has the number {seq} of its actor, whose next number is {next}")]
    SeqGap {
        /// The change.
        change: Hash,
        /// Its number.
        seq: u64,
        /// The number that it should have.
        next: u64,
    },
    /// The change names an actor that has no change in the graph.
    #[error("change {change} names the actor {actor}, which has no change")]
    UnknownActor {
        /// The change.
        change: Hash,
        /// The actor.
        actor: Actor,
    },
}

impl Graph {
    /// The graph of a document without changes.
    pub fn new() -> Self {
        Graph::default()
    }

    /// Adds a change that was admitted. Whether it is new: a change that is there already is left as it is.
    pub fn insert(&mut self, change: &Summary) -> Result<bool, Misfit> {
        if self.contains(&change.hash) {
            return Ok(false);
        }
        let node = View::new(self).place(change)?;
        self.max_op = self.max_op.max(node.max_op());
        self.clock_bytes += node.clock.as_ref().map_or(0, Clock::size);
        for dep in &change.deps {
            self.heads.remove(dep);
        }
        self.heads.insert(node.hash);
        self.shared_heads = OnceLock::new();
        let index = self.nodes.len() as u32;
        if node.seq == 1 {
            self.by_actor.insert(change.actor.clone(), node.actor);
            self.writers.push(Writer { actor: change.actor.clone(), changes: Vec::new() });
        }
        self.writers[node.actor as usize].changes.push(index);
        self.by_hash.insert(node.hash, index);
        self.nodes.push(node);
        Ok(true)
    }

    /// The changes that no other depends on, in order.
    pub fn heads(&self) -> impl ExactSizeIterator<Item = Hash> + '_ {
        self.heads.iter().copied()
    }

    /// The heads, in order, to keep: everyone who asks between two changes gets the same ones.
    pub fn shared_heads(&self) -> Arc<[Hash]> {
        self.shared_heads.get_or_init(|| self.heads().collect()).clone()
    }

    /// Whether a change is there.
    pub fn contains(&self, change: &Hash) -> bool {
        self.by_hash.contains_key(change)
    }

    /// How many changes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no change.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The highest number of an operation; 0 if there is none.
    pub fn max_op(&self) -> u64 {
        self.max_op.into()
    }

    /// Bytes of memory that it takes to know quickly what is an ancestor of what. They grow with the number of actors, where
    /// many write at once.
    pub fn clock_bytes(&self) -> usize {
        self.clock_bytes
    }

    /// The place of a change in the order in which the changes were inserted.
    pub fn position(&self, change: &Hash) -> Option<usize> {
        self.by_hash.get(change).map(|index| *index as usize)
    }

    /// All changes in the order in which they were inserted: ancestors first.
    pub fn changes(&self) -> impl DoubleEndedIterator<Item = Hash> + ExactSizeIterator + '_ {
        self.nodes.iter().map(|node| node.hash)
    }

    /// The changes that a change was made on, if it is there.
    pub fn deps(&self, change: &Hash) -> Option<impl ExactSizeIterator<Item = Hash> + '_> {
        let node = self.node(change)?;
        Some(node.deps.iter().map(|dep| self.nodes[*dep as usize].hash))
    }

    /// Who made a change, and as which of its changes, if it is there.
    pub fn author(&self, change: &Hash) -> Option<(&Actor, u64)> {
        let node = self.node(change)?;
        Some((&self.writers[node.actor as usize].actor, node.seq.into()))
    }

    /// The change of an actor that has this number, if it is there.
    pub fn change_of(&self, actor: &Actor, seq: u64) -> Option<Hash> {
        let writer = &self.writers[*self.by_actor.get(actor)? as usize];
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        Some(self.nodes[*writer.changes.get(index)? as usize].hash)
    }

    /// Whether `older` is `newer` or among what it was made on, directly or not. Neither is if one is not
    /// there.
    pub fn is_ancestor(&self, older: &Hash, newer: &Hash) -> bool {
        match (self.node(older), self.by_hash.get(newer)) {
            (Some(older), Some(newer)) => View::new(self).clock_of(&[*newer]).covers(older.actor, older.seq),
            _ => false,
        }
    }

    fn node(&self, change: &Hash) -> Option<&Node> {
        self.by_hash.get(change).map(|index| &self.nodes[*index as usize])
    }
}

impl Node {
    fn max_op(&self) -> u32 {
        // Admission keeps every number below 2^31, and a summary that says otherwise does not decode.
        self.start_op + self.runs.len() - 1
    }
}
