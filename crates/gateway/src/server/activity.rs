//! Whether anything happens on a connection, for the watch that closes idle ones.
//!
//! A connection is alive while a request is with its handler, and whenever the client takes some of an answer. Bytes
//! that arrive do not count: a client that sends a head byte by byte is idle until the head is whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// The signs of life of one connection.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    busy: AtomicUsize,
    pulse: AtomicU64,
    /// The client takes nothing for now, and something waits for it.
    blocked: AtomicBool,
    taken: Notify,
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
        if self.blocked.load(Ordering::Relaxed) {
            self.blocked.store(false, Ordering::Relaxed);
            self.taken.notify_waiters();
        }
    }

    /// The client takes nothing for now, and something waits for it.
    pub fn block(&self) {
        self.blocked.store(true, Ordering::Relaxed);
    }

    /// Waits until nothing waits for the client, as far as that was tried. Over HTTP/2 the task of the connection writes
    /// while another waits here.
    pub async fn writable(&self) {
        loop {
            // Before the look: what is taken between the two is heard of.
            let taken = self.taken.notified();
            if !self.blocked.load(Ordering::Relaxed) {
                return;
            }
            taken.await;
        }
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
    use futures::FutureExt;

    #[test]
    fn a_client_that_takes_nothing_is_waited_for() {
        let activity = Activity::default();
        assert!(activity.writable().now_or_never().is_some());
        activity.block();
        let mut waiting = Box::pin(activity.writable());
        assert!((&mut waiting).now_or_never().is_none());
        activity.beat();
        assert!(waiting.now_or_never().is_some());
    }

    #[test]
    fn what_is_taken_while_somebody_begins_to_wait_is_heard_of() {
        const ROUNDS: usize = 50_000;
        let activity = Activity::default();
        let mut lost = 0;
        let [blocked, taken] = [AtomicUsize::new(0), AtomicUsize::new(0)];
        let reach = |count: &AtomicUsize, round| {
            while count.load(Ordering::Acquire) < round {
                std::thread::yield_now();
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for round in 1..=ROUNDS {
                    reach(&blocked, round);
                    activity.beat();
                    taken.store(round, Ordering::Release);
                }
            });
            for round in 1..=ROUNDS {
                activity.block();
                blocked.store(round, Ordering::Release);
                let mut waiting = Box::pin(activity.writable());
                let at_once = (&mut waiting).now_or_never();
                reach(&taken, round);
                lost += usize::from(at_once.or_else(|| (&mut waiting).now_or_never()).is_none());
            }
        });
        assert_eq!(lost, 0, "of {ROUNDS} wake-ups");
    }

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
