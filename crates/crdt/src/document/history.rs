//! The recent versions of an open text, so that an edit made against one of them costs what it changes.
//!
//! Automerge finds a position in a past version by walking all operations of the text. Here each version is kept as
//! the steps that led to it from the one before, so that an edit can be carried forward to the current text, and a
//! past text be had by undoing steps. Only edits of this process at current heads make versions, one behind the other;
//! whatever else changes the text starts the history anew.
//!
//! **Why the text is the one that Automerge gives** for the same edit of this document at those heads. An insertion made at past heads stands directly behind one
//! element `e` of the text, in front of all that others inserted there, because its operation has the highest number.
//! So what has to be carried forward is the gap behind `e`:
//! - While `e` is visible, the gap ends where `e` ends.
//! - A step inserts directly behind the visible character in front of it and then deletes what follows. So when a step
//!   deletes `e`, the inserted text is in front of `e`; the gap comes behind it.
//! - Once `e` is deleted, text that a later step inserts at the gap's place goes behind the last visible character,
//!   that is in front of `e`: the gap moves behind it.
//!
//! Whatever then stands between the visible character in front of the gap and `e` is deleted, so that an insertion
//! there at the current heads gives the same text. (The operation itself then stands behind that visible character and
//! not behind `e`, which only others can tell who were not in touch and insert behind `e` as well: whose text comes
//! first.)

use crate::edit::{Insert, Splice, TextEdit};
use base::{Hash, Heads};
use std::collections::VecDeque;
use std::ops::Range;

/// Versions kept, one for each edit: several times what may wait for one document, so that an edit which waited in a long
/// queue still finds the version that it was made against. One edit that does not starts the history anew, and all behind
/// it would follow.
pub(super) const KEPT_VERSIONS: usize = 4_096;

/// Bytes of deleted text kept, over all versions.
const KEPT_BYTES: usize = 1 << 20;

/// Parts of an edit times steps to carry them over: beyond this, walking the operations is not slower.
const MAX_WORK: usize = 1 << 20;

/// Versions of one text, the newest last. Never empty.
#[derive(Debug)]
pub(crate) struct History {
    versions: VecDeque<Version>,
    /// Bytes in all steps but those of the oldest version, which are never used.
    bytes: usize,
}

#[derive(Debug)]
struct Version {
    heads: Heads,
    /// What led here from the version before, in order.
    steps: Vec<Step>,
}

/// A splice that was carried out, in bytes of the text that it met.
#[derive(Debug)]
struct Step {
    at: usize,
    deleted: String,
    inserted: usize,
}

impl History {
    /// A history that knows the current version only.
    pub(crate) fn new(heads: Heads) -> History {
        History { versions: VecDeque::from([Version { heads, steps: Vec::new() }]), bytes: 0 }
    }

    /// The heads of the newest version.
    pub(crate) fn current(&self) -> &[Hash] {
        &self.versions.back().expect("a history is never empty").heads
    }

    /// Whether the version with these heads is kept.
    pub(crate) fn knows(&self, heads: &[Hash]) -> bool {
        self.since(heads).is_some()
    }

    /// Adds the version that `splices` of the text `before` led to.
    pub(crate) fn push(&mut self, heads: Heads, before: &str, splices: &[Splice]) {
        let steps: Vec<Step> = splices.iter().map(|splice| Step::of(splice, before)).collect();
        self.bytes += bytes(&steps);
        self.versions.push_back(Version { heads, steps });
        while self.versions.len() > KEPT_VERSIONS || (self.bytes > KEPT_BYTES && self.versions.len() > 1) {
            self.versions.pop_front();
            let oldest = self.versions.front_mut().expect("the loop leaves one");
            self.bytes -= bytes(&oldest.steps);
            oldest.steps = Vec::new();
        }
    }

    /// The text at `heads`, if that version is kept. `current` is the newest text.
    pub(crate) fn text_at(&self, heads: &[Hash], current: &str) -> Option<String> {
        let mut text = current.to_owned();
        for version in self.since(heads)?.rev() {
            for step in version.steps.iter().rev() {
                text.replace_range(step.at..step.at + step.inserted, &step.deleted);
            }
        }
        Some(text)
    }

    /// An edit of the text at `heads` as an edit of the newest text, if that version is kept and it is worth the work.
    pub(crate) fn carry(&self, edit: &TextEdit, heads: &[Hash]) -> Option<TextEdit> {
        if !self.knows(heads) {
            return None;
        }
        let steps = || self.since(heads).into_iter().flatten().flat_map(|version| &version.steps);
        let parts = edit.inserts().len() + edit.deletes().len();
        if parts.saturating_mul(steps().count()) > MAX_WORK {
            return None;
        }
        let inserts = edit.inserts().iter().map(|insert| {
            let gap = steps().fold(Gap { at: insert.gap, behind_deleted: false }, Gap::carry);
            Insert { gap: gap.at, text: insert.text.clone() }
        });
        let deletes = steps().fold(edit.deletes().to_vec(), carry_ranges);
        Some(TextEdit::new(inserts, deletes))
    }

    /// Bytes that the history keeps in memory.
    pub(crate) fn weight(&self) -> usize {
        let steps: usize = self.versions.iter().map(|version| version.steps.len()).sum();
        self.bytes + steps * size_of::<Step>() + self.versions.len() * (size_of::<Version>() + 64)
    }

    /// The versions behind the one with these heads, oldest first.
    fn since(&self, heads: &[Hash]) -> Option<impl DoubleEndedIterator<Item = &Version>> {
        let behind = self.versions.iter().rev().position(|version| version.heads == heads)?;
        Some(self.versions.range(self.versions.len() - behind..))
    }
}

impl Step {
    fn of(splice: &Splice, text: &str) -> Step {
        let deleted = text[splice.at..splice.at + splice.delete].to_owned();
        Step { at: splice.at, deleted, inserted: splice.insert.len() }
    }

    fn deleted(&self) -> Range<usize> {
        self.at..self.at + self.deleted.len()
    }

    /// Where a place behind the deleted range comes to be.
    fn shift(&self, at: usize) -> usize {
        at + self.inserted - self.deleted.len()
    }
}

/// The place behind one element.
struct Gap {
    at: usize,
    behind_deleted: bool,
}

impl Gap {
    fn carry(self, step: &Step) -> Gap {
        let Range { start, end } = step.deleted();
        let in_front = if self.behind_deleted { self.at < start } else { self.at <= start };
        match self {
            gap if in_front => gap,
            gap if gap.at > end => Gap { at: step.shift(gap.at), ..gap },
            _ => Gap { at: start + step.inserted, behind_deleted: true },
        }
    }
}

/// Deleted ranges after a step: without what the step deleted too, and around what it inserted.
fn carry_ranges(ranges: Vec<Range<usize>>, step: &Step) -> Vec<Range<usize>> {
    let gone = step.deleted();
    let mut carried = Vec::with_capacity(ranges.len() + 1);
    for range in ranges {
        let front = range.start..range.end.min(gone.start);
        let back = range.start.max(gone.end)..range.end;
        if front.start < front.end {
            carried.push(front);
        }
        if back.start < back.end {
            carried.push(step.shift(back.start)..step.shift(back.end));
        }
    }
    carried
}

fn bytes(steps: &[Step]) -> usize {
    steps.iter().map(|step| step.deleted.len()).sum()
}
