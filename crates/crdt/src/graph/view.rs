//! Reads a graph as it would be with further changes on top, so that a bundle of changes can be checked
//! before any of them is committed. Everything that walks a graph is here.

use base::Hash;
use foldhash::{HashMap, HashSet};

use super::clock::{Clock, is_far};
use super::run::{Id, Place, Run, Runs, RunsBuilder};
use super::{Actor, Graph, Misfit, Node, Summary};

/// A graph and the changes staged on top of it. The numbering of nodes and actors goes on where the graph's
/// ends.
#[derive(Debug)]
pub(crate) struct View<'a> {
    base: &'a Graph,
    nodes: Vec<Node>,
    by_hash: HashMap<Hash, u32>,
    actors: Vec<Actor>,
    by_actor: HashMap<Actor, u32>,
    /// Changes of an actor that come after its changes in the graph.
    changes: HashMap<u32, Vec<u32>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(base: &'a Graph) -> Self {
        View {
            base,
            nodes: Vec::new(),
            by_hash: HashMap::default(),
            actors: Vec::new(),
            by_actor: HashMap::default(),
            changes: HashMap::default(),
        }
    }

    /// Stages a change.
    pub(crate) fn stage(&mut self, change: &Summary) -> Result<(), Misfit> {
        let node = self.place(change)?;
        let index = (self.base.nodes.len() + self.nodes.len()) as u32;
        if node.seq == 1 {
            self.actors.push(change.actor.clone());
            self.by_actor.insert(change.actor.clone(), node.actor);
        }
        self.changes.entry(node.actor).or_default().push(index);
        self.by_hash.insert(node.hash, index);
        self.nodes.push(node);
        Ok(())
    }

    /// How many changes are staged.
    pub(crate) fn staged(&self) -> usize {
        self.nodes.len()
    }

    /// Takes the changes that were staged last off again, until so many are left.
    pub(crate) fn unstage(&mut self, left: usize) {
        for node in self.nodes.drain(left..).rev() {
            self.by_hash.remove(&node.hash);
            if let Some(changes) = self.changes.get_mut(&node.actor) {
                changes.pop();
            }
            // An actor is staged with its first change, and so is the last one in the list when that goes.
            if node.seq == 1
                && let Some(actor) = self.actors.pop()
            {
                self.by_actor.remove(&actor);
            }
        }
    }

    pub(crate) fn contains(&self, hash: &Hash) -> bool {
        self.index(hash).is_some()
    }

    pub(crate) fn index(&self, hash: &Hash) -> Option<u32> {
        self.base.by_hash.get(hash).or_else(|| self.by_hash.get(hash)).copied()
    }

    pub(crate) fn actor_index(&self, actor: &Actor) -> Option<u32> {
        self.base.by_actor.get(actor).or_else(|| self.by_actor.get(actor)).copied()
    }

    /// How many actors there are, which is the index of the next one.
    pub(crate) fn actor_count(&self) -> u32 {
        (self.base.writers.len() + self.actors.len()) as u32
    }

    pub(crate) fn actor(&self, index: u32) -> Option<&Actor> {
        let index = index as usize;
        match index.checked_sub(self.base.writers.len()) {
            None => self.base.writers.get(index).map(|writer| &writer.actor),
            Some(staged) => self.actors.get(staged),
        }
    }

    /// How many changes an actor has made.
    pub(crate) fn seq_of(&self, actor: u32) -> u32 {
        self.committed(actor).len() as u32
            + self.changes.get(&actor).map_or(0, |changes| changes.len() as u32)
    }

    pub(crate) fn hash_of(&self, actor: u32, seq: u32) -> Option<Hash> {
        Some(self.node_of(actor, seq)?.hash)
    }

    /// Everything that these changes were made on, and themselves.
    pub(crate) fn clock_of(&self, changes: &[u32]) -> Clock {
        let mut clock = Clock::default();
        let mut seen = HashSet::default();
        let mut todo = changes.to_vec();
        while let Some(index) = todo.pop() {
            if !seen.insert(index) {
                continue;
            }
            let node = self.node(index);
            match &node.clock {
                Some(kept) => clock.merge(kept),
                None => {
                    clock.raise(node.actor, node.seq);
                    todo.extend_from_slice(&node.deps);
                }
            }
        }
        clock
    }

    /// The last operation of these changes and all that they were made on.
    pub(crate) fn max_op(&self, changes: &[u32]) -> u32 {
        changes.iter().map(|index| self.node(*index).max_op()).max().unwrap_or(0)
    }

    /// The run that holds an operation, if that is among the changes that the clock covers.
    pub(crate) fn find(&self, id: Id, clock: &Clock) -> Option<Found<'_>> {
        let (mut low, mut high) = (0, clock.seq(id.actor));
        while low < high {
            let middle = low + (high - low) / 2;
            match self.node_of(id.actor, middle + 1)?.start_op <= id.counter {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        let node = self.node_of(id.actor, low)?;
        Found::within(&node.runs, node.start_op, id)
    }

    /// The node that a change becomes when it is put on top.
    pub(super) fn place(&self, change: &Summary) -> Result<Node, Misfit> {
        let deps = self.dependencies(change)?;
        let actor = self.next_in_line(change)?;
        let actors = self.resolve_actors(change, actor)?;
        let runs = change.runs.try_map(|id| Ok(Id { actor: actors[id.actor as usize], ..id }))?;
        let mut node = Node {
            hash: change.hash,
            actor,
            seq: change.seq,
            start_op: change.start_op,
            reach: deps.iter().fold(0, |reach, dep| reach.saturating_add(1 + self.node(*dep).reach)),
            deps,
            runs,
            clock: None,
        };
        if is_far(node.reach, self.actor_count()) {
            let mut clock = self.clock_of(&node.deps);
            clock.raise(actor, node.seq);
            (node.clock, node.reach) = (Some(clock), 0);
        }
        Ok(node)
    }

    fn dependencies(&self, change: &Summary) -> Result<Box<[u32]>, Misfit> {
        let find = |dependency: &Hash| {
            let missing = Misfit::MissingDependency { change: change.hash, dependency: *dependency };
            self.index(dependency).ok_or(missing)
        };
        change.deps.iter().map(find).collect()
    }

    fn next_in_line(&self, change: &Summary) -> Result<u32, Misfit> {
        let actor = self.actor_index(&change.actor).unwrap_or_else(|| self.actor_count());
        let next = self.seq_of(actor) + 1;
        if change.seq == next {
            return Ok(actor);
        }
        let (hash, seq) = (change.hash, change.seq());
        Err(match self.hash_of(actor, change.seq) {
            Some(other) => Misfit::DuplicateSeq { change: hash, seq, other },
            None => Misfit::SeqGap { change: hash, seq, next: next.into() },
        })
    }

    fn resolve_actors(&self, change: &Summary, own: u32) -> Result<Vec<u32>, Misfit> {
        let find = |actor: &Actor| {
            let unknown = || Misfit::UnknownActor { change: change.hash, actor: actor.clone() };
            self.actor_index(actor).ok_or_else(unknown)
        };
        std::iter::once(Ok(own)).chain(change.others.iter().map(find)).collect()
    }

    fn committed(&self, actor: u32) -> &[u32] {
        self.base.writers.get(actor as usize).map_or(&[], |writer| &writer.changes)
    }

    fn node(&self, index: u32) -> &Node {
        let index = index as usize;
        match index.checked_sub(self.base.nodes.len()) {
            None => &self.base.nodes[index],
            Some(staged) => &self.nodes[staged],
        }
    }

    fn node_of(&self, actor: u32, seq: u32) -> Option<&Node> {
        let place = seq.checked_sub(1)? as usize;
        let committed = self.committed(actor);
        let index = match place.checked_sub(committed.len()) {
            None => committed.get(place),
            Some(staged) => self.changes.get(&actor)?.get(staged),
        };
        index.map(|index| self.node(*index))
    }
}

/// The run that holds an operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    /// The operation.
    pub(crate) id: Id,
    /// The first operation of the run.
    pub(crate) first: Id,
    pub(crate) place: &'a Place,
}

impl<'a> Found<'a> {
    /// Finds an operation among those of one change.
    fn within(runs: &'a Runs, start_op: u32, id: Id) -> Option<Found<'a>> {
        let Run { first, place } = runs.at(id.counter.checked_sub(start_op)?)?;
        Some(Found { id, first: Id { counter: start_op + first, ..id }, place })
    }
}

/// What one change can see while it is checked: its ancestors, and its own operations so far.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    view: &'a View<'a>,
    clock: Clock,
    actor: u32,
    start_op: u32,
    name: Actor,
    own: RunsBuilder,
}

impl<'a> Scope<'a> {
    /// The scope of a change on these dependencies, before its first operation.
    pub(crate) fn new(view: &'a View<'a>, clock: Clock, actor: u32, name: Actor, start_op: u32) -> Self {
        Scope { view, clock, actor, start_op, name, own: RunsBuilder::default() }
    }

    /// The id of the next operation.
    pub(crate) fn next(&self) -> Id {
        Id { counter: self.start_op + self.own.runs.len(), actor: self.actor }
    }

    pub(crate) fn push(&mut self, place: Place) {
        self.own.push(self.next(), place);
    }

    /// So many more operations insert elements, each behind the one before, the first behind the one that was pushed last.
    pub(crate) fn type_on(&mut self, count: u64) {
        self.own.type_on(count);
    }

    pub(crate) fn find(&self, id: Id) -> Option<Found<'_>> {
        match id.actor == self.actor && id.counter >= self.start_op {
            true => Found::within(&self.own.runs, self.start_op, id),
            false => self.view.find(id, &self.clock),
        }
    }

    /// The order in which Automerge puts operations: by number, then by actor.
    pub(crate) fn order(&self, id: Id) -> (u32, Option<&Actor>) {
        let actor = match id.actor == self.actor {
            true => Some(&self.name),
            false => self.view.actor(id.actor),
        };
        (id.counter, actor)
    }

    /// The runs of the change, done.
    pub(crate) fn into_runs(self) -> Runs {
        self.own.runs
    }
}
