//! How long to wait before everybody is asked again: pure.

use std::time::Duration;

/// The first wait, before jitter.
const FIRST: Duration = Duration::from_millis(25);
/// The longest. An election takes more than a second; asking more often would not make it shorter.
const LONGEST: Duration = Duration::from_millis(400);

/// The longest for what has been tried for [`LONG`]: it waits for a person, not for an election.
const LONGEST_LATER: Duration = Duration::from_secs(4);
/// After so long, asking often is of no use.
const LONG: Duration = Duration::from_secs(10);
/// Those who lost their session together begin to look for another one within this time.
const SPREAD: Duration = Duration::from_millis(50);

/// The wait after so many rounds. `dice` is a number from 0 to 1, different for each request: those that met the same end
/// must not all come back at once.
pub(super) fn wait(rounds: u32, tried_for: Duration, dice: f64) -> Duration {
    let bound = if tried_for < LONG { LONGEST } else { LONGEST_LATER };
    let longest = FIRST.saturating_mul(1 << rounds.min(8)).min(bound);
    longest.mul_f64(0.5 + dice.clamp(0.0, 1.0) / 2.0)
}

/// How long to wait before a session that was lost is begun anew.
pub(super) fn spread(dice: f64) -> Duration {
    SPREAD.mul_f64(dice.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound_and_differ() {
        let wait = |rounds, dice| wait(rounds, Duration::ZERO, dice);
        assert_eq!(wait(0, 1.0), FIRST);
        assert_eq!(wait(1, 1.0), FIRST * 2);
        assert_eq!(wait(100, 1.0), LONGEST);
        assert_eq!(wait(100, 0.0), LONGEST / 2);
    }

    #[test]
    fn what_takes_long_is_tried_less_often() {
        assert_eq!(wait(100, LONG, 1.0), LONGEST_LATER);
        assert!(wait(100, LONG, 0.0) > LONGEST);
        assert!(spread(0.0) < spread(0.5) && spread(1.0) == SPREAD);
    }
}
