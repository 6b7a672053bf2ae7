//! How long the writer waits for company before it commits.
//!
//! Writers that were acknowledged together come back together, but not at the same instant: taking the first one alone
//! would make every round cost two syncs. An idle log never waits: a commit that was alone expects nobody.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::shared::Shared;

/// The longest that a commit waits for the others that came with the last one.
const LONGEST_LINGER: Duration = Duration::from_micros(100);

/// What the last commits were like.
#[derive(Default)]
pub(crate) struct Pace {
    /// How many submissions are expected to come together.
    expected: usize,
    last_sync: Duration,
}

impl Pace {
    pub(crate) fn took(&mut self, submissions: usize) {
        self.expected = submissions.max(self.expected - self.expected.div_ceil(8));
    }

    pub(crate) fn synced(&mut self, took: Duration) {
        self.last_sync = took;
    }

    /// Gives way until those who are expected are there, or an eighth of a sync has passed.
    pub(crate) fn linger(&self, shared: &Shared) {
        let arrived = || shared.queued.load(Ordering::Relaxed);
        if self.expected <= 1 || arrived() >= self.expected {
            return;
        }
        let limit = (self.last_sync / 8).min(LONGEST_LINGER);
        let start = Instant::now();
        while arrived() < self.expected && start.elapsed() < limit {
            std::thread::yield_now();
        }
    }
}
