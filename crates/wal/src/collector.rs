//! The thread that sees that old segments go. It may wait for the writer; nobody waits for it.

use crate::collect::{self, CollectError};
use crate::shared::{Shared, State, Status};

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
        if let Err(error) = done {
            give_up(shared, &error);
        }
    }
}

/// Waits for something to do. `None` when the log closes.
fn next_chore(shared: &Shared) -> Option<Chore> {
    let mut state = shared.state.lock();
    while state.status == Status::Open {
        if !state.collecting_failed && state.damaged_group().is_none() {
            if state.book.unneeded().is_some() {
                return Some(Chore::Remove);
            }
            if state.should_collect(shared.options.collect_above_bytes) {
                return Some(Chore::Collect);
            }
        }
        shared.garbage.wait(&mut state);
    }
    None
}

impl State {
    fn should_collect(&self, above_bytes: u64) -> bool {
        self.book.disk_bytes() > above_bytes && collect::planned(self) > 0
    }
}

/// Notes that collecting failed. The log lives on and grows, until it is opened again.
fn give_up(shared: &Shared, error: &CollectError) {
    let mut state = shared.state.lock();
    if state.status == Status::Open {
        let cause = std::error::Error::source(error);
        tracing::error!(%error, cause, "old segments stay until the log is opened again");
        state.collecting_failed = true;
    }
}
