//! When entries were appended, roughly: how long ago a follower fell behind is read off here.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Entries within this time count as appended at its beginning.
const GRAIN: Duration = Duration::from_millis(50);
/// About a minute of steady appending; whoever is further behind is at least so late.
const SAMPLES_MAX: usize = 1_200;

/// The newest entries and when they came, oldest first: each sample holds the last index of its time. Indexes and times
/// increase.
#[derive(Debug, Default)]
pub(super) struct Pace(VecDeque<(u64, Instant)>);

impl Pace {
    /// Notes that the log now ends at `last`.
    pub(super) fn note(&mut self, last: u64, now: Instant) {
        if self.0.back().is_some_and(|&(before, _)| before >= last) {
            // The log was cut: what is known of the old entries says nothing of the new ones.
            self.0.clear();
        }
        match self.0.back_mut() {
            Some((index, at)) if now.saturating_duration_since(*at) < GRAIN => *index = last,
            _ => self.0.push_back((last, now)),
        }
        if self.0.len() > SAMPLES_MAX {
            self.0.pop_front();
        }
    }

    /// How long ago the first entry after `matched` was appended; zero if there is none.
    pub(super) fn late(&self, matched: Option<u64>, now: Instant) -> Duration {
        let missing = self.0.partition_point(|&(index, _)| Some(index) <= matched);
        self.0.get(missing).map_or(Duration::ZERO, |&(_, at)| now.saturating_duration_since(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_since_the_first_entry_that_is_missing() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let second = Duration::from_secs(1);
        assert_eq!(pace.late(None, start), Duration::ZERO);
        pace.note(4, start);
        pace.note(7, start + GRAIN / 2);
        pace.note(9, start + second);
        assert_eq!(pace.late(None, start + second * 3), second * 3);
        assert_eq!(pace.late(Some(6), start + second * 3), second * 3);
        assert_eq!(pace.late(Some(7), start + second * 3), second * 2);
        assert_eq!(pace.late(Some(9), start + second * 3), Duration::ZERO);
        pace.note(8, start + second * 4);
        assert_eq!(pace.late(Some(7), start + second * 5), second, "the log was cut meanwhile");
    }

    #[test]
    fn forgets_what_is_old() {
        let start = Instant::now();
        let mut pace = Pace::default();
        for index in 0..2 * SAMPLES_MAX as u64 {
            pace.note(index, start + GRAIN * index as u32);
        }
        assert_eq!(pace.0.len(), SAMPLES_MAX);
    }
}
