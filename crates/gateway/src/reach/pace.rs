//! How long to wait before everybody is asked again: pure.

use std::time::Duration;

/// The first wait, before jitter.
const FIRST: Duration = Duration::from_millis(25);
/// The longest. An election takes more than a second; asking more often would not make it shorter.
const LONGEST: Duration = Duration::from_millis(400);

/// The wait after so many rounds. `dice` is a number from 0 to 1, different for each request: those that met the same end
/// must not all come back at once.
pub(super) fn wait(rounds: u32, dice: f64) -> Duration {
    let longest = FIRST.saturating_mul(1 << rounds.min(8)).min(LONGEST);
    longest.mul_f64(0.5 + dice.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound_and_differ() {
        assert_eq!(wait(0, 1.0), FIRST);
        assert_eq!(wait(1, 1.0), FIRST * 2);
        assert_eq!(wait(100, 1.0), LONGEST);
        assert_eq!(wait(100, 0.0), LONGEST / 2);
    }
}
