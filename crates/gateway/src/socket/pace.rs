//! Spreads handshakes: after a failover all clients come back at once, with the same fixed delay.
//!
//! Each takes the next place of a steady pace. Nobody waits longer than [`DELAY_MAX`]: stock clients count on an answer
//! within a second.

use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// The longest delay.
pub(crate) const DELAY_MAX: Duration = Duration::from_millis(700);

/// The pace.
#[derive(Debug)]
pub(crate) struct Pace {
    between: Duration,
    /// When the next place is.
    next: Mutex<Instant>,
}

impl Pace {
    /// So many a second.
    pub fn new(per_second: u32, now: Instant) -> Pace {
        Pace { between: Duration::from_secs(1) / per_second.max(1), next: Mutex::new(now) }
    }

    /// Takes a place; how long to wait for it.
    pub fn delay(&self, now: Instant) -> Duration {
        let mut next = self.next.lock();
        let place = (*next).clamp(now, now + DELAY_MAX);
        *next = place + self.between;
        place - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_go_at_once_and_many_are_spread() {
        let now = Instant::now();
        let pace = Pace::new(100, now);
        let ms = |at: Instant| pace.delay(at).as_millis();
        assert_eq!([ms(now), ms(now), ms(now)], [0, 10, 20]);
        assert_eq!(ms(now + Duration::from_secs(5)), 0);
        let last = (0..10_000).map(|_| pace.delay(now + Duration::from_secs(5))).max();
        assert_eq!(last, Some(DELAY_MAX));
    }
}
