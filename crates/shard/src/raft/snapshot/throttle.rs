//! The pace of everything that is sent in bulk: so many bytes a second in all.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Shared by all that is to keep the pace together.
pub(in crate::raft) struct Throttle {
    bytes_per_second: AtomicU64,
    /// When the next byte may go.
    free_at: Mutex<Option<Instant>>,
}

impl Throttle {
    pub(in crate::raft) fn new(bytes_per_second: u64) -> Throttle {
        Throttle { bytes_per_second: AtomicU64::new(bytes_per_second.max(1)), free_at: Mutex::new(None) }
    }

    pub(in crate::raft) fn set(&self, bytes_per_second: u64) {
        self.bytes_per_second.store(bytes_per_second.max(1), Ordering::Relaxed);
    }

    /// Waits for the turn of so many bytes.
    pub(super) async fn pass(&self, bytes: usize) {
        let wait = self.reserve(Instant::now(), bytes);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes the next turn, and says how long it is until then. Turns that were not used are not saved up.
    fn reserve(&self, now: Instant, bytes: usize) -> Duration {
        let rate = self.bytes_per_second.load(Ordering::Relaxed);
        let takes = Duration::from_secs_f64(bytes as f64 / rate as f64);
        let mut free_at = self.free_at.lock();
        let turn = free_at.map_or(now, |at| at.max(now));
        *free_at = Some(turn + takes);
        turn - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_follow_each_other_and_are_not_saved_up() {
        let throttle = Throttle::new(1_000);
        let start = Instant::now();
        let second = Duration::from_secs(1);
        assert_eq!(throttle.reserve(start, 1_000), Duration::ZERO);
        assert_eq!(throttle.reserve(start, 500), second);
        assert_eq!(throttle.reserve(start + second, 500), second / 2);
        assert_eq!(throttle.reserve(start + 10 * second, 1_000), Duration::ZERO);
        throttle.set(4_000);
        assert_eq!(throttle.reserve(start + 10 * second, 1_000), second);
        assert_eq!(throttle.reserve(start + 10 * second, 1_000), second + second / 4);
    }
}
