//! Between which versions a write must have come, by what was seen of the versions.
//!
//! These follow from the model, so they rule out nothing that could be. They make the search short: where reads are
//! frequent, most writes have one place left.

use std::collections::BTreeMap;

use super::model::Sight;
use super::steps::Step;
use crate::ledger::Mark;

/// The versions that a write can belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// It comes after this one, which was seen without it.
    pub after: u64,
    /// It is in this one, which was seen with it or acknowledged it.
    pub by: u64,
}

impl Limits {
    /// No limit at all.
    pub const NONE: Limits = Limits { after: 0, by: u64::MAX };

    /// Whether the write can be in this version and in none before.
    pub fn allow(self, version: u64) -> bool {
        self.after < version && version <= self.by
    }
}

/// The limits of each step; those of steps that write nothing are [`Limits::NONE`].
pub fn limits(steps: &[Step]) -> Vec<Limits> {
    let mut full: BTreeMap<u64, &[Mark]> = BTreeMap::new();
    for step in steps {
        if let Some(Sight::Present { version: Some(version), marks: Some((marks, _)), .. }) = &step.sight {
            full.insert(*version, marks);
        }
    }
    let mut first: BTreeMap<Mark, u64> = BTreeMap::new();
    for (version, marks) in &full {
        marks.iter().for_each(|mark| _ = first.entry(*mark).or_insert(*version));
    }
    steps.iter().map(|step| of(step, &full, &first)).collect()
}

fn of(step: &Step, full: &BTreeMap<u64, &[Mark]>, first: &BTreeMap<Mark, u64>) -> Limits {
    let Some(mark) = step.act.and_then(|act| act.mark()) else { return Limits::NONE };
    let with = first.get(&mark).copied();
    let without = full.range(..with.unwrap_or(u64::MAX)).next_back().map(|(version, _)| *version);
    let told = match &step.sight {
        Some(Sight::Present { version, .. }) => *version,
        _ => None,
    };
    let by = with.into_iter().chain(told).min();
    Limits { after: without.unwrap_or(0), by: by.unwrap_or(u64::MAX) }
}
