//! Changes on their way in: each is checked once all its dependencies are there, and then stands for those
//! behind it.

use std::collections::HashMap;

use base::Hash;

use super::change::Frame;
use super::check::check;
use super::chunk::ChangeChunk;
use super::limits::{Budget, Limits};
use super::refused::Refused;
use super::{Admission, Admitted, Orphan};
use crate::graph::{Graph, Summary, View};

/// One call of `admit`.
pub(super) struct Intake<'a> {
    view: View<'a>,
    /// Changes that wait, each by one dependency that is not there.
    waiting: HashMap<Hash, Vec<ChangeChunk>>,
    admitted: Vec<Admitted>,
}

enum Outcome {
    Admitted(Box<Summary>),
    Waits { missing: Hash },
}

impl<'a> Intake<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        Intake { view: View::new(graph), waiting: HashMap::new(), admitted: Vec::new() }
    }

    pub(super) fn knows(&self, hash: &Hash) -> bool {
        self.view.contains(hash)
    }

    /// Takes a change in, and those that waited for it.
    pub(super) fn offer(&mut self, change: ChangeChunk, budget: &mut Budget) -> Result<(), Refused> {
        let mut ready = vec![change];
        while let Some(change) = ready.pop() {
            if self.knows(&change.hash) {
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
        if let Some(missing) = frame.deps().iter().find(|dep| !self.knows(dep)) {
            return Ok(Outcome::Waits { missing: *missing });
        }
        let decoded = frame.decode(budget)?;
        if decoded.encode() != change.body {
            return Err(Refused::NotCanonical { change: change.hash });
        }
        let summary = check(&self.view, change.hash, &decoded, budget)?;
        self.view.stage(&summary).expect("a change that was checked against a view fits on it");
        Ok(Outcome::Admitted(Box::new(summary)))
    }

    pub(super) fn finish(self, limits: &Limits) -> Result<Admission, Refused> {
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
