//! Whether a request is sent again, and when. Every request may be: reads change nothing, and writes have keys.

use std::time::Duration;

/// How long a command goes on trying.
const BUDGET: Duration = Duration::from_secs(30);
/// The first wait when nobody says how long; it doubles.
const FIRST: Duration = Duration::from_millis(200);
/// The longest of these.
const LONGEST: Duration = Duration::from_secs(5);

/// How an attempt failed in a way that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// There was no connection.
    Connect,
    /// There was one, and it ended.
    Broken,
    /// The hub asks to come again.
    Later(Option<Duration>),
}

/// How an answer says that asking again may help.
pub fn asked_to_come_again(status: u16, retry_after: Option<Duration>) -> Option<Failed> {
    match (status, retry_after) {
        (503, after) => Some(Failed::Later(after)),
        (429, Some(after)) => Some(Failed::Later(Some(after))),
        _ => None,
    }
}

/// How long to wait before the next attempt; `None` when it is time to give up. `tried` attempts were made and took
/// `spent`; `chance` is between 0 and 1, so that many clients do not come back at once.
pub fn pause(failed: Failed, tried: u32, spent: Duration, chance: f64) -> Option<Duration> {
    // A hub that was never there is not waited for: who typed wants to know.
    if failed == Failed::Connect && tried <= 1 {
        return None;
    }
    let doubled = FIRST.saturating_mul(1 << tried.min(16).saturating_sub(1)).min(LONGEST);
    let own = doubled.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
    let wait = match failed {
        Failed::Later(Some(after)) => after.max(own),
        Failed::Later(None) | Failed::Connect | Failed::Broken => own,
    };
    (spent + wait <= BUDGET).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_TIME: Duration = Duration::ZERO;

    #[test]
    fn a_hub_that_was_never_there_is_not_waited_for() {
        assert_eq!(pause(Failed::Connect, 1, NO_TIME, 0.5), None);
        assert!(pause(Failed::Connect, 2, NO_TIME, 0.5).is_some(), "one that restarts is");
        assert!(pause(Failed::Broken, 1, NO_TIME, 0.5).is_some());
    }

    #[test]
    fn the_hub_says_when() {
        let after = Duration::from_secs(7);
        assert_eq!(pause(Failed::Later(Some(after)), 1, NO_TIME, 1.0), Some(after));
        assert_eq!(pause(Failed::Later(None), 1, NO_TIME, 1.0), Some(FIRST));
        assert_eq!(pause(Failed::Later(None), 1, NO_TIME, 0.0), Some(FIRST / 2));
        assert_eq!(pause(Failed::Later(None), 60, NO_TIME, 1.0), Some(LONGEST));
    }

    #[test]
    fn the_budget_ends() {
        assert_eq!(pause(Failed::Later(Some(Duration::from_secs(31))), 1, NO_TIME, 0.0), None);
        assert_eq!(pause(Failed::Broken, 9, BUDGET, 0.0), None);
    }

    #[test]
    fn only_some_answers_ask_to_come_again() {
        assert_eq!(asked_to_come_again(503, None), Some(Failed::Later(None)));
        assert_eq!(asked_to_come_again(429, None), None);
        for status in [200, 404, 412, 500, 507] {
            assert_eq!(asked_to_come_again(status, Some(Duration::from_secs(1))), None);
        }
    }
}
