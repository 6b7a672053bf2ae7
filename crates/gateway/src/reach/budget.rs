//! How long a request is tried: pure.

use std::time::Duration;
use tokio::time::Instant;

/// Longer than the others take to elect a leader, shorter than people wait.
pub(super) const BUDGET: Duration = Duration::from_secs(8);

/// The time that is left for a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// When nobody is asked any more; `None` for what is tried as long as somebody wants it.
    deadline: Option<Instant>,
    /// Until when the request itself wants to wait at its node, which is no fault of that one.
    waits_until: Instant,
    failed: bool,
}

impl Budget {
    /// The usual one, for a request that may wait at its node for so long.
    pub fn new(now: Instant, wait: Duration) -> Budget {
        Budget { deadline: Some(now + BUDGET), waits_until: now + wait, failed: false }
    }

    /// For what is tried until it is done.
    pub fn endless(now: Instant) -> Budget {
        Budget { deadline: None, waits_until: now, failed: false }
    }

    /// How long the request may wait at its node, as of now.
    pub fn wait(&self, now: Instant) -> Duration {
        self.waits_until.saturating_duration_since(now)
    }

    /// When a node that is asked now is given up.
    pub fn gives_up(&self, now: Instant) -> Option<Instant> {
        self.deadline.map(|deadline| deadline + self.wait(now))
    }

    /// Somebody was asked in vain. The time in which a request waited for something to happen is not counted.
    pub fn failed(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.failed, true) {
            let waited = now.min(self.waits_until);
            self.deadline = self.deadline.map(|deadline| deadline.max(waited + BUDGET));
        }
    }

    /// Whether the time is over.
    pub fn is_over(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn all_attempts_share_one_budget() {
        let now = Instant::now();
        let mut budget = Budget::new(now, Duration::ZERO);
        assert_eq!(budget.gives_up(now), Some(now + BUDGET));
        budget.failed(now + 3 * SECOND);
        budget.failed(now + 5 * SECOND);
        assert_eq!(budget.gives_up(now + 5 * SECOND), Some(now + BUDGET));
        assert!(!budget.is_over(now + 7 * SECOND) && budget.is_over(now + 8 * SECOND));
    }

    #[tokio::test]
    async fn what_waits_by_itself_has_its_budget_beyond_that() {
        let now = Instant::now();
        let mut budget = Budget::new(now, 20 * SECOND);
        assert_eq!(budget.gives_up(now), Some(now + 20 * SECOND + BUDGET));
        let broke = now + 12 * SECOND;
        budget.failed(broke);
        budget.failed(broke + SECOND);
        assert_eq!(budget.wait(broke + SECOND), 7 * SECOND);
        assert_eq!(budget.gives_up(broke + SECOND), Some(broke + BUDGET + 7 * SECOND));
        assert!(!budget.is_over(broke + 7 * SECOND) && budget.is_over(broke + 8 * SECOND));
    }

    #[tokio::test]
    async fn what_is_wanted_for_ever_is_tried_for_ever() {
        let now = Instant::now();
        let mut budget = Budget::endless(now);
        budget.failed(now);
        assert!(budget.gives_up(now).is_none() && !budget.is_over(now + 1_000_000 * SECOND));
    }
}
