//! A document as the promise sees it: a version and a set of marks.
//!
//! Creation makes version 1. A command of the log makes the next version, and holds one edit or several that came
//! together: so an edit either makes a version or joins the one before it, as long as nobody has seen that. A conditional
//! edit is the first of its command, because the tag that it names is that of a whole version. What is deleted does not
//! come back.

use std::sync::Arc;

use crate::ledger::Mark;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Not created yet.
    Unborn,
    /// There.
    Live(Live),
    /// Deleted.
    Gone,
}

/// A document that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Live {
    /// Its version.
    pub version: u64,
    /// Its marks.
    pub marks: Print,
    /// Nothing more can join this version.
    pub sealed: bool,
}

/// Stands for a set of marks. Two sets have the same one with a probability of 2^-128.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Print(u128);

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Creates the document.
    Create(Mark),
    /// Adds a mark.
    Edit(Mark),
    /// Adds a mark at this version and no other; at none, if nobody was ever shown the tag that it names.
    Swap(Mark, Option<u64>),
    /// Deletes the document.
    Delete,
}

/// What an answer shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// There is no such document.
    Absent,
    /// There is one.
    Present {
        /// At this version, if that is told.
        version: Option<u64>,
        /// With these marks, sorted and each once, if they are told.
        marks: Option<(Arc<[Mark]>, Print)>,
        /// Not at this version.
        not: Option<u64>,
    },
}

impl Print {
    /// Of the set and one mark more.
    pub fn with(self, mark: Mark) -> Print {
        let (low, high) = (mix(mark.0), mix(mark.0 ^ 0x6a09_e667_f3bc_c908));
        Print(self.0.wrapping_add(u128::from(high) << 64 | u128::from(low)))
    }

    /// Of some marks.
    pub fn of(marks: &[Mark]) -> Print {
        marks.iter().fold(Print::default(), |print, mark| print.with(*mark))
    }
}

/// The finalizer of SplitMix64.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Act {
    /// The mark that it adds.
    pub fn mark(self) -> Option<Mark> {
        match self {
            Act::Create(mark) | Act::Edit(mark) | Act::Swap(mark, _) => Some(mark),
            Act::Delete => None,
        }
    }
}

impl State {
    /// Its version, if it is there.
    pub fn version(self) -> Option<u64> {
        match self {
            State::Live(live) => Some(live.version),
            State::Unborn | State::Gone => None,
        }
    }

    /// What the document can be after an act; nothing, if the act is not possible.
    pub fn after(self, act: Act) -> impl Iterator<Item = State> {
        let [next, joined] = match (self, act) {
            (State::Unborn, Act::Create(mark)) => {
                [Some(Live { version: 1, marks: Print::default().with(mark), sealed: true }), None]
            }
            (State::Live(live), Act::Edit(mark)) => {
                let marks = live.marks.with(mark);
                let joined = Live { marks, ..live };
                let next = Live { version: live.version + 1, marks, sealed: false };
                [Some(next), (!live.sealed).then_some(joined)]
            }
            (State::Live(live), Act::Swap(mark, Some(version))) if live.version == version => {
                let marks = live.marks.with(mark);
                [Some(Live { version: version + 1, marks, sealed: false }), None]
            }
            _ => [None, None],
        };
        let gone = (matches!(self, State::Live(_)) && act == Act::Delete).then_some(State::Gone);
        [next, joined].into_iter().flatten().map(State::Live).chain(gone)
    }

    /// The document after somebody saw this, if it can have been seen.
    pub fn seen(self, sight: &Sight) -> Option<State> {
        match (self, sight) {
            (State::Unborn | State::Gone, Sight::Absent) => Some(self),
            (State::Live(live), Sight::Present { version, marks, not }) => {
                let holds = version.is_none_or(|version| version == live.version)
                    && marks.as_ref().is_none_or(|(_, print)| *print == live.marks)
                    && not.is_none_or(|not| not != live.version);
                holds.then_some(State::Live(Live { sealed: true, ..live }))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(version: u64, marks: &[u64], sealed: bool) -> State {
        let marks: Vec<Mark> = marks.iter().copied().map(Mark).collect();
        State::Live(Live { version, marks: Print::of(&marks), sealed })
    }

    fn after(state: State, act: Act) -> Vec<State> {
        state.after(act).collect()
    }

    fn present(version: u64) -> Sight {
        Sight::Present { version: Some(version), marks: None, not: None }
    }

    #[test]
    fn edits_that_come_together_share_a_version_until_it_is_seen() {
        let created = after(State::Unborn, Act::Create(Mark(1)));
        assert_eq!(created, [live(1, &[1], true)]);
        let edited = after(created[0], Act::Edit(Mark(2)));
        assert_eq!(edited, [live(2, &[1, 2], false)]);
        let again = after(edited[0], Act::Edit(Mark(3)));
        assert_eq!(again, [live(3, &[1, 2, 3], false), live(2, &[1, 2, 3], false)]);
        let seen = again[1].seen(&present(2)).unwrap();
        assert_eq!(after(seen, Act::Edit(Mark(4))), [live(3, &[1, 2, 3, 4], false)]);
    }

    #[test]
    fn a_swap_needs_its_version() {
        assert_eq!(after(live(2, &[1], false), Act::Swap(Mark(2), Some(2))), [live(3, &[1, 2], false)]);
        assert_eq!(after(live(3, &[1], false), Act::Swap(Mark(2), Some(2))), []);
        assert_eq!(after(live(3, &[1], false), Act::Swap(Mark(2), None)), []);
    }

    #[test]
    fn what_is_deleted_stays_so() {
        assert_eq!(after(live(1, &[1], true), Act::Delete), [State::Gone]);
        for act in [Act::Create(Mark(2)), Act::Edit(Mark(2)), Act::Swap(Mark(2), Some(1)), Act::Delete] {
            assert_eq!(after(State::Gone, act), []);
        }
        assert_eq!(State::Gone.seen(&Sight::Absent), Some(State::Gone));
        assert_eq!(State::Gone.seen(&present(1)), None);
        assert_eq!(live(1, &[1], true).seen(&Sight::Absent), None);
    }

    #[test]
    fn the_order_of_marks_is_nothing() {
        assert_eq!(Print::of(&[Mark(1), Mark(2)]), Print::of(&[Mark(2), Mark(1)]));
        assert_ne!(Print::of(&[Mark(1)]), Print::of(&[Mark(1), Mark(2)]));
    }
}
