//! Whether anything happens on a connection, for the watch that closes idle ones.
//!
//! A connection is alive while a request is with its handler, and whenever the client takes some of an answer. Bytes
//! that arrive do not count: a client that sends a head byte by byte is idle until the head is whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The signs of life of one connection.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    busy: AtomicUsize,
    pulse: AtomicU64,
}

/// A request is with its handler while this lives.
#[derive(Debug)]
pub(crate) struct Busy {
    activity: Arc<Activity>,
}

impl Activity {
    /// A request goes to its handler.
    pub fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy { activity: self.clone() }
    }

    /// The client took some of an answer.
    pub fn beat(&self) {
        self.pulse.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether there was no sign of life since the last look, which left `last` behind.
    pub fn idle_since(&self, last: &mut u64) -> bool {
        let pulse = self.pulse.load(Ordering::Relaxed);
        let idle = pulse == *last && self.busy.load(Ordering::Relaxed) == 0;
        *last = pulse;
        idle
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // The end of a request is a sign of life: the client has its full time for the next one.
        self.activity.beat();
        self.activity.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_is_what_neither_works_nor_beats() {
        let (activity, mut last) = (Arc::new(Activity::default()), 0);
        assert!(activity.idle_since(&mut last));
        activity.beat();
        assert!(!activity.idle_since(&mut last) && activity.idle_since(&mut last));
        let busy = activity.busy();
        assert!(!activity.idle_since(&mut last) && !activity.idle_since(&mut last));
        drop(busy);
        assert!(!activity.idle_since(&mut last) && activity.idle_since(&mut last));
    }
}
