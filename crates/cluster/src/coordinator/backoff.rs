//! How long to wait before the next attempt.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
/// A coordinator that comes back is noticed within this time: less than the leases last that wait for it.
const LONGEST: Duration = Duration::from_secs(2);

/// Waits that double up to a bound, each somewhere in its upper half, so that processes that lost the same coordinator do
/// not come back as one.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub fn new() -> Backoff {
        Backoff { next: FIRST }
    }

    /// The next attempt was a success: begin again with short waits.
    pub fn reset(&mut self) {
        self.next = FIRST;
    }

    /// Waits. Dropping the future is harmless.
    pub async fn wait(&mut self) {
        let wait = self.next_wait(rand::random());
        tokio::time::sleep(wait).await;
    }

    /// The next wait. `random` is in `0.0..1.0`.
    fn next_wait(&mut self, random: f64) -> Duration {
        let wait = self.next.mul_f64(0.5 + random / 2.0);
        self.next = (self.next * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        let mut backoff = Backoff::new();
        assert_eq!(backoff.next_wait(0.0), FIRST / 2);
        assert_eq!(backoff.next_wait(1.0), FIRST * 2);
        let longest = (0..20).map(|_| backoff.next_wait(1.0)).max();
        assert_eq!(longest, Some(LONGEST));
        backoff.reset();
        assert_eq!(backoff.next_wait(1.0), FIRST);
    }
}
