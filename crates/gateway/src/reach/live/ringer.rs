//! The bell of a socket, rung by the session of the moment alone.

use base::DocId;
use rpc::Bell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// Stands between the sessions of a seat and its socket. Takes no lock: sessions ring while they are asked.
pub(super) struct Ringer {
    bell: Bell,
    /// Which session is heard: the one of this number.
    epoch: AtomicU64,
    /// Told with each ring, for the search.
    rung: Notify,
}

impl Ringer {
    pub fn new(bell: Bell) -> Arc<Ringer> {
        Arc::new(Ringer { bell, epoch: AtomicU64::new(0), rung: Notify::new() })
    }

    /// The number of the next session, and its bell. Those before it are not heard any more.
    pub fn turn(self: &Arc<Self>) -> (u64, Bell) {
        let epoch = self.epoch.fetch_add(1, Ordering::AcqRel) + 1;
        let ringer = self.clone();
        let bell: Bell = Arc::new(move |id| {
            if ringer.epoch.load(Ordering::Acquire) == epoch {
                ringer.rung.notify_one();
                ringer.ring(id);
            }
        });
        (epoch, bell)
    }

    /// No session is heard.
    pub fn hush(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Tells the socket.
    pub fn ring(&self, id: DocId) {
        (self.bell)(id);
    }

    /// Waits for a ring; one that nobody waited for counts.
    pub async fn rung(&self) {
        self.rung.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Slot;

    #[test]
    fn only_the_last_session_is_heard() {
        let heard = Arc::new(AtomicU64::new(0));
        let counted = heard.clone();
        let ringer = Ringer::new(Arc::new(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        }));
        let id = DocId::mint(Slot::new(1).unwrap(), [1; 16]);
        let (_, first) = ringer.turn();
        first(id);
        let (_, second) = ringer.turn();
        first(id);
        second(id);
        assert_eq!(heard.load(Ordering::Relaxed), 2);
        ringer.hush();
        second(id);
        assert_eq!(heard.load(Ordering::Relaxed), 2);
    }
}
