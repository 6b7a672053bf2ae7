//! How long to wait before the next attempt to connect.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Waits that double up to a bound, each somewhere in its upper half, so that clients that lost the same hub do not come
/// back as one.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub fn new() -> Backoff {
        Backoff { next: FIRST }
    }

    /// The next wait. `random` is in `0.0..1.0`.
    pub fn wait(&mut self, random: f64) -> Duration {
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
        assert_eq!(backoff.wait(0.0), FIRST / 2);
        assert_eq!(backoff.wait(1.0), FIRST * 2);
        let longest = (0..20).map(|_| backoff.wait(1.0)).max();
        assert_eq!(longest, Some(LONGEST));
    }
}
