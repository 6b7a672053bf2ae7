//! The thread that sees that old segments go. It may wait for the writer; nobody waits for it.
//!
//! When a chore fails the log lives on and grows, so it is tried again after a pause, for as long as the log is open;
//! [`Stats::collect_failures`](crate::Stats::collect_failures) tells how often in a row that was in vain.

use std::time::{Duration, Instant};

use crate::collect::{self, CollectError};
use crate::shared::Shared;
use crate::state::{State, Status};

/// Chores that failed in a row, and when to try again.
#[derive(Clone, Copy, Default)]
pub(crate) struct Failures {
    pub(crate) count: u64,
    /// The pause lasts until then.
    until: Option<Instant>,
}

impl Failures {
    /// What is left of the pause.
    fn pause(&self) -> Duration {
        self.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }
}

/// What the collector does next.
enum Chore {
    Remove,
    Collect,
}

/// Removes and empties old segments until the log closes.
pub(crate) fn run(shared: &Shared) {
    while let Some(chore) = next_chore(shared) {
        let done = match chore {
            Chore::Remove => collect::remove_unneeded(shared).map(drop),
            Chore::Collect => collect::collect(shared).map(drop),
        };
        match done {
            Ok(()) => shared.state.lock().collect_failures = Failures::default(),
            Err(error) => put_off(shared, &error),
        }
    }
}

/// Waits for something to do, and through the pause after a failure. `None` when the log closes.
fn next_chore(shared: &Shared) -> Option<Chore> {
    let mut state = shared.state.lock();
    while state.status == Status::Open {
        let pause = state.collect_failures.pause();
        match state.chore(shared.options.collect_above_bytes) {
            Some(chore) if pause.is_zero() => return Some(chore),
            Some(_) => drop(shared.garbage.wait_for(&mut state, pause)),
            None => shared.garbage.wait(&mut state),
        }
    }
    None
}

impl State {
    fn chore(&self, collect_above_bytes: u64) -> Option<Chore> {
        if self.damaged_group().is_some() {
            None
        } else if self.book.has_unneeded() {
            Some(Chore::Remove)
        } else if self.book.disk_bytes() > collect_above_bytes && collect::planned(self) > 0 {
            Some(Chore::Collect)
        } else {
            None
        }
    }
}

/// Notes that a chore failed. It is told once, not at every attempt.
fn put_off(shared: &Shared, error: &CollectError) {
    let pause = shared.options.collect_retry;
    let mut state = shared.state.lock();
    if state.status != Status::Open {
        return;
    }
    let failures = &mut state.collect_failures;
    if failures.count == 0 {
        let cause = std::error::Error::source(error);
        tracing::error!(%error, cause, "old segments stay for now; trying again every {pause:?}");
    }
    *failures = Failures { count: failures.count + 1, until: Some(Instant::now() + pause) };
}
