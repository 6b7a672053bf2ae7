//! Whether a replica hears its leader. openraft names the last one that it heard of, however long ago that was.

use super::timing::ELECTION_MAX;
use super::{Group, StateMachine};
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// Who was silent for so long does not lead any more, as far as this replica knows: it would have stood for election itself.
const HEARD_WITHIN: Duration = Duration::from_millis(2 * ELECTION_MAX.as_millis() as u64);

/// When a leader was heard last.
#[derive(Debug, Default)]
pub(super) struct Hearing(Mutex<Option<Instant>>);

impl Hearing {
    /// A leader has said something that was taken.
    pub(super) fn note(&self, now: Instant) {
        let mut heard = self.0.lock();
        *heard = (*heard).max(Some(now));
    }

    fn is_recent(&self, now: Instant) -> bool {
        self.0.lock().is_some_and(|heard| now.saturating_duration_since(heard) < HEARD_WITHIN)
    }
}

impl<M: StateMachine> Group<M> {
    /// Whether a leader was heard lately: within twice the longest election timeout.
    pub fn hears_leader(&self) -> bool {
        self.hearing.is_recent(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_that_was_heard_long_ago_is_not_heard() {
        let start = Instant::now();
        let hearing = Hearing::default();
        assert!(!hearing.is_recent(start));
        hearing.note(start);
        assert!(hearing.is_recent(start + Duration::from_millis(1_599)));
        assert!(!hearing.is_recent(start + Duration::from_millis(1_600)));
    }
}
