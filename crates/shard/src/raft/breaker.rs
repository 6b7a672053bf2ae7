//! When to stop rebuilding a group that keeps dying: pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How patient the supervisor is with a group.
#[derive(Clone, Copy, Debug)]
pub struct RebuildPolicy {
    /// So many rebuilds within the window are tried; after the next death the group is given up.
    pub attempts: usize,
    /// The window.
    pub window: Duration,
    /// The pause before the first rebuild of a window. It doubles with each further one.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How long a group that was given up is left alone before one more rebuild is tried; without it, for good. It is of use
    /// where others go on meanwhile: what it died of may have passed by then.
    pub try_again: Option<Duration>,
}

impl Default for RebuildPolicy {
    fn default() -> Self {
        RebuildPolicy {
            attempts: 5,
            window: Duration::from_secs(600),
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(10),
            try_again: None,
        }
    }
}

/// Remembers the deaths of one group.
#[derive(Debug)]
pub(super) struct Breaker {
    policy: RebuildPolicy,
    /// The deaths within the window, oldest first.
    deaths: VecDeque<Instant>,
}

/// What to do about a death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Rebuild after a pause.
    Rebuild(Duration),
    /// Leave it dead: something is wrong that a rebuild does not mend.
    GiveUp,
}

impl Breaker {
    pub(super) fn new(policy: RebuildPolicy) -> Breaker {
        Breaker { policy, deaths: VecDeque::new() }
    }

    /// Takes note of a death.
    pub(super) fn died(&mut self, now: Instant) -> Verdict {
        while self.deaths.front().is_some_and(|&at| now.saturating_duration_since(at) >= self.policy.window) {
            self.deaths.pop_front();
        }
        if self.deaths.len() >= self.policy.attempts {
            return Verdict::GiveUp;
        }
        let doublings = u32::try_from(self.deaths.len()).unwrap_or(u32::MAX);
        self.deaths.push_back(now);
        let pause = self.policy.first_pause.saturating_mul(2u32.saturating_pow(doublings));
        Verdict::Rebuild(pause.min(self.policy.longest_pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RebuildPolicy = RebuildPolicy {
        attempts: 3,
        window: Duration::from_secs(60),
        first_pause: Duration::from_secs(1),
        longest_pause: Duration::from_secs(3),
        try_again: None,
    };

    #[test]
    fn pauses_grow_and_then_it_gives_up() {
        let now = Instant::now();
        let mut breaker = Breaker::new(POLICY);
        let verdicts: Vec<_> = (0..4).map(|_| breaker.died(now)).collect();
        let rebuild = |seconds| Verdict::Rebuild(Duration::from_secs(seconds));
        assert_eq!(verdicts, [rebuild(1), rebuild(2), rebuild(3), Verdict::GiveUp]);
    }

    #[test]
    fn old_deaths_are_forgotten() {
        let start = Instant::now();
        let mut breaker = Breaker::new(POLICY);
        for minute in 0..100 {
            let verdict = breaker.died(start + POLICY.window * minute);
            assert_eq!(verdict, Verdict::Rebuild(POLICY.first_pause));
        }
    }
}
