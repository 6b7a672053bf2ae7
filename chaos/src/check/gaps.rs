//! How long a shard took no writes after a fault.
//!
//! A fault is a node that stops being alive; nodes that do so within [`ONE_FAULT`] of each other are one fault. A gap is
//! the time between two acknowledgements of writes to a shard that follow one another. The gap of a shard at a fault is
//! the longest of those that the fault falls into and that lie between it and the next one. It is measured whole, also what of it lies
//! before the fault, so that it is at most one writing interval too long and never too short. A shard whose last writes were sent in
//! vain has an open gap, which lasts until their clients gave up.
//!
//! The figures cover the shards that the node led when it failed. Of the others the longest pause is listed, too, because
//! a fault that they notice at all is worth a look.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Findings, Violation};
use crate::history::{Condition, Document, End, History, Micros, NodeChange, Operation, ShardId};

/// Nodes that fail within this time of each other fail together.
pub const ONE_FAULT: Micros = Micros(250_000);

/// The longest gaps that are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The median over all faults and shards that the victim led.
    pub median: Micros,
    /// The longest of them.
    pub worst: Micros,
}

/// Every gap, and what they come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaps {
    /// Every fault, in the order of time; they are numbered from 1.
    pub faults: Vec<Fault>,
    /// A fault and a shard each, in the order of time.
    pub all: Vec<Gap>,
    /// The median of the gaps of shards that a victim led: the upper one of two.
    pub median: Option<Micros>,
    /// The longest of them.
    pub worst: Option<Micros>,
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// When it was made.
    pub at: Micros,
    /// What became of which nodes, for people.
    pub what: String,
}

/// One shard's gap at one fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The number of the fault.
    pub fault: usize,
    /// The shard.
    pub shard: ShardId,
    /// Whether the node led it.
    pub led: bool,
    /// The acknowledgement that it begins with; the fault itself, if there was none before.
    pub from: Micros,
    /// The acknowledgement that ends it, or when the last who waited for one gave up.
    pub to: Micros,
    /// No acknowledgement came any more.
    pub open: bool,
}

/// Nodes that fail at once.
struct Failure<'h> {
    at: Micros,
    nodes: Vec<&'h NodeChange>,
}

impl Gap {
    /// How long it is.
    pub fn length(&self) -> Micros {
        self.to.since(self.from)
    }
}

impl Gaps {
    /// Holds the gaps of shards that a victim led against the limits.
    pub fn judge(&self, limits: Limits) -> Findings {
        let mut findings = Findings::default();
        let led = self.all.iter().filter(|gap| gap.led);
        findings.examined = led.clone().count() as u64;
        for gap in led.filter(|gap| gap.open || gap.length() > limits.worst) {
            let (shard, length, worst) = (gap.shard, gap.length(), limits.worst);
            let fault = self.faults.get(gap.fault - 1);
            let fault = fault.map_or(String::new(), |fault| format!("{} at {}", fault.what, fault.at));
            let what = if gap.open {
                format!("{shard} took no write after {fault}")
            } else {
                format!("{shard} took no write for {length} when {fault}; at most {worst} are allowed")
            };
            findings.violated(Violation::of(what, []).at(gap.to));
        }
        if let Some(median) = self.median.filter(|median| *median > limits.median) {
            let what = format!("the median gap is {median}; at most {} are allowed", limits.median);
            findings.violated(Violation::of(what, []));
        }
        findings
    }
}

/// When writes to a shard were acknowledged, and until when others were waited for in vain.
#[derive(Default)]
struct Writes {
    acknowledged: Vec<Micros>,
    in_vain: Micros,
}

/// Finds every gap.
pub fn measure(history: &History) -> Gaps {
    let shards = writes(history);
    let failures = failures(&history.nodes);
    let mut all = vec![];
    for (number, failure) in (1..).zip(&failures) {
        let until = failures.get(number).map_or(history.ends, |next| next.at);
        for (shard, writes) in &shards {
            let Some((from, to, open)) = writes.longest(failure.at, until) else { continue };
            let leader = leader(history, *shard, failure.at);
            let led = leader.is_some_and(|leader| failure.nodes.iter().any(|change| change.node == leader));
            all.push(Gap { fault: number, shard: *shard, led, from, to, open });
        }
    }
    let mut lengths: Vec<Micros> = all.iter().filter(|gap| gap.led).map(Gap::length).collect();
    lengths.sort_unstable();
    let faults = failures.iter().map(|failure| Fault { at: failure.at, what: failure.words() }).collect();
    Gaps { faults, median: lengths.get(lengths.len() / 2).copied(), worst: lengths.last().copied(), all }
}

/// The writes to each shard. Where an operation does not say its shard, another one on the same document may.
fn writes(history: &History) -> BTreeMap<ShardId, Writes> {
    let place = |operation: &Operation| Some((operation.subject()?.clone(), operation.place()?));
    let places: BTreeMap<Document, ShardId> = history.operations.iter().filter_map(place).collect();
    let mut shards: BTreeMap<ShardId, Writes> = BTreeMap::new();
    for write in history.operations.iter().filter(|operation| operation.kind.is_write()) {
        let known = || write.subject().and_then(|document| places.get(document).copied());
        let Some(shard) = write.place().or_else(known) else { continue };
        let writes = shards.entry(shard).or_default();
        match write.end {
            End::Ok { at, .. } => writes.acknowledged.push(at),
            End::Unknown { at } => writes.in_vain = writes.in_vain.max(at),
            // Whoever is refused has been answered.
            End::Failed { .. } => {}
        }
    }
    shards.values_mut().for_each(|writes| writes.acknowledged.sort_unstable());
    shards
}

impl Writes {
    /// The longest time between neighbours that `fault` falls into or that lies between it and `until`, and whether it is
    /// open.
    fn longest(&self, fault: Micros, until: Micros) -> Option<(Micros, Micros, bool)> {
        let after = self.acknowledged.partition_point(|at| *at <= fault);
        let before = after.checked_sub(1).map_or(fault, |last| self.acknowledged[last]);
        let starts = [before].into_iter().chain(self.acknowledged[after..].iter().copied());
        let ends = self.acknowledged[after..].iter().map(|to| (*to, false));
        let last = self.acknowledged.last().copied().unwrap_or(fault).max(fault);
        let open = (self.in_vain > last).then_some((self.in_vain, true));
        let gaps = starts.zip(ends.chain(open)).map(|(from, (to, open))| (from, to, open));
        gaps.take_while(|(from, to, _)| *from == before || *to <= until)
            .max_by_key(|(from, to, _)| (to.since(*from), *from))
    }
}

/// Who was last seen to lead the shard. A newer term is believed over a later sight of an older one.
fn leader(history: &History, shard: ShardId, at: Micros) -> Option<&str> {
    let seen = history.leaders.iter().take_while(|seen| seen.at <= at).filter(|seen| seen.shard == shard);
    seen.max_by_key(|seen| seen.term).map(|seen| seen.node.as_str())
}

fn failures(changes: &[NodeChange]) -> Vec<Failure<'_>> {
    let mut failures: Vec<Failure<'_>> = vec![];
    let mut down: BTreeSet<&str> = BTreeSet::new();
    for change in changes {
        if change.became == Condition::Alive {
            down.remove(change.node.as_str());
        } else if down.insert(&change.node) {
            match failures.last_mut() {
                Some(failure) if change.at.since(failure.at) <= ONE_FAULT => failure.nodes.push(change),
                _ => failures.push(Failure { at: change.at, nodes: vec![change] }),
            }
        }
    }
    failures
}

impl Failure<'_> {
    fn words(&self) -> String {
        let each = self.nodes.iter().map(|change| format!("{} was {}", change.node, change.became));
        each.collect::<Vec<_>>().join(" and ")
    }
}
