//! Changes on their way in: each is checked once all its dependencies are there, and then stands for those
//! behind it.

use std::collections::{BTreeSet, HashMap};

use base::{Hash, Heads};

use super::change::Frame;
use super::check::check;
use super::chunk::{self, ChangeChunk, Chunk};
use super::document::Document;
use super::limits::{Budget, Limits};
use super::reader::Reader;
use super::refused::Refused;
use super::{Admission, Admitted, Orphan};
use crate::graph::{Graph, Summary, View};

/// Offers that come one after the other, each on top of the graph and of what was admitted before it. An offer is
/// admitted as a whole or not at all, so that a wrong one leaves no trace for the next.
#[derive(Debug)]
pub struct Intake<'a> {
    view: View<'a>,
    heads: BTreeSet<Hash>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        Intake { view: View::new(graph), heads: graph.heads().collect() }
    }

    /// Which of the changes in these chunks may be committed. Changes that are there already are passed over. The
    /// first change that is wrong refuses all of this offer.
    pub fn admit(&mut self, bytes: &[u8], limits: &Limits) -> Result<Admission, Refused> {
        let staged = self.view.staged();
        let admission = self.offer(bytes, limits);
        match &admission {
            Ok(admission) => admission.changes.iter().for_each(|change| self.add_head(&change.summary)),
            Err(_) => self.view.unstage(staged),
        }
        admission
    }

    /// The heads with all that was admitted, in order.
    pub fn heads(&self) -> Heads {
        self.heads.iter().copied().collect()
    }

    fn offer(&mut self, bytes: &[u8], limits: &Limits) -> Result<Admission, Refused> {
        let mut budget = Budget::new(limits.inflated_bytes);
        let mut offer = Offer { view: &mut self.view, waiting: HashMap::new(), admitted: Vec::new() };
        let mut from = Reader::new(bytes);
        while !from.is_empty() {
            match chunk::next(&mut from, &mut budget)? {
                Chunk::Change(change) => offer.take(change, &mut budget)?,
                Chunk::Document { body } => {
                    let document = Document::read(body, &mut budget)?;
                    if !document.heads().iter().all(|head| offer.view.contains(head)) {
                        for change in document.changes(&mut budget)? {
                            offer.take(change, &mut budget)?;
                        }
                    }
                }
            }
        }
        offer.finish(limits)
    }

    fn add_head(&mut self, change: &Summary) {
        for dep in &change.deps {
            self.heads.remove(dep);
        }
        self.heads.insert(change.hash);
    }
}

/// One call of `admit`.
struct Offer<'i, 'a> {
    view: &'i mut View<'a>,
    /// Changes that wait, each by one dependency that is not there.
    waiting: HashMap<Hash, Vec<ChangeChunk>>,
    admitted: Vec<Admitted>,
}

enum Outcome {
    Admitted(Box<Summary>),
    Waits { missing: Hash },
}

impl Offer<'_, '_> {
    /// Takes a change in, and those that waited for it.
    fn take(&mut self, change: ChangeChunk, budget: &mut Budget) -> Result<(), Refused> {
        let mut ready = vec![change];
        while let Some(change) = ready.pop() {
            if self.view.contains(&change.hash) {
                continue;
            }
            match self.examine(&change, budget)? {
                Outcome::Waits { missing } => self.waiting.entry(missing).or_default().push(change),
                Outcome::Admitted(summary) => {
                    ready.extend(self.waiting.remove(&change.hash).into_iter().flatten());
                    self.admitted.push(Admitted { chunk: change.chunk, summary: *summary });
                }
            }
        }
        Ok(())
    }

    fn examine(&mut self, change: &ChangeChunk, budget: &mut Budget) -> Result<Outcome, Refused> {
        // Charged each time: a change that waits for many others is looked at again for each that comes.
        budget.charge(change.body.len() as u64)?;
        let frame = Frame::read(&change.body, budget)?;
        if let Some(missing) = frame.deps().iter().find(|dep| !self.view.contains(dep)) {
            return Ok(Outcome::Waits { missing: *missing });
        }
        let decoded = frame.decode(budget)?;
        if decoded.encode() != change.body {
            return Err(Refused::NotCanonical { change: change.hash });
        }
        let summary = check(self.view, change.hash, &decoded, budget)?;
        self.view.stage(&summary).expect("a change that was checked against a view fits on it");
        Ok(Outcome::Admitted(Box::new(summary)))
    }

    fn finish(self, limits: &Limits) -> Result<Admission, Refused> {
        let mut orphans: Vec<Orphan> = Vec::new();
        for (missing, changes) in self.waiting {
            orphans.extend(changes.into_iter().map(|change| Orphan {
                hash: change.hash,
                missing,
                chunk: change.chunk,
            }));
        }
        if orphans.len() > limits.orphans {
            return Err(Refused::TooManyOrphans { limit: limits.orphans });
        }
        orphans.sort_unstable_by_key(|orphan| orphan.hash);
        orphans.dedup_by_key(|orphan| orphan.hash);
        Ok(Admission { changes: self.admitted, orphans })
    }
}
