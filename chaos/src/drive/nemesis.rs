//! When something breaks, and whom it hits. Pure: the same seed gives the same accidents.

use std::ops::Range;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

/// How often something breaks, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// How many times.
    pub strikes: usize,
    /// How long all is well before the first strike, and after each repair before the next strike.
    pub calm: Range<Duration>,
    /// How long what broke stays broken.
    pub broken: Range<Duration>,
}

/// One accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// When, counted from the beginning.
    pub at: Duration,
    /// When it is repaired, counted from the beginning; before the next strike.
    pub until: Duration,
    /// Whom it hits.
    pub victim: Pick,
}

/// A choice among things that are not known yet, such as the leaders at the time of a strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick(u64);

impl Pattern {
    /// The accidents of a seed, one after the other.
    pub fn schedule(&self, seed: u64) -> Vec<Strike> {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut now = Duration::ZERO;
        let strike = |_| {
            let at = now + within(&self.calm, &mut dice);
            let until = at + within(&self.broken, &mut dice);
            now = until;
            Strike { at, until, victim: Pick(dice.random()) }
        };
        (0..self.strikes).map(strike).collect()
    }
}

impl Pick {
    /// The chosen one; the order of the others counts, so they should be sorted. None, if there is nothing to choose
    /// from.
    pub fn of<T>(self, among: &[T]) -> Option<&T> {
        // The high half of a product is as even as the number is.
        let place = (u128::from(self.0) * among.len() as u128) >> 64;
        among.get(usize::try_from(place).ok()?)
    }
}

/// All of them once, in the order of a seed: who is restarted after whom.
pub fn shuffled<T>(seed: u64, mut all: Vec<T>) -> Vec<T> {
    all.shuffle(&mut StdRng::seed_from_u64(seed));
    all
}

fn within(range: &Range<Duration>, dice: &mut StdRng) -> Duration {
    if range.is_empty() { range.start } else { dice.random_range(range.clone()) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn span() -> impl Strategy<Value = Range<Duration>> {
        (0..5_000_u64, 0..5_000_u64)
            .prop_map(|(from, more)| Duration::from_millis(from)..Duration::from_millis(from + more))
    }

    proptest! {
        #[test]
        fn strikes_follow_one_another_within_their_pattern(
            seed: u64, strikes in 0..20_usize, calm in span(), broken in span()
        ) {
            let pattern = Pattern { strikes, calm: calm.clone(), broken: broken.clone() };
            let schedule = pattern.schedule(seed);
            prop_assert_eq!(&schedule, &pattern.schedule(seed));
            prop_assert_eq!(schedule.len(), strikes);
            let mut before = Duration::ZERO;
            for strike in schedule {
                prop_assert!((calm.start..=calm.end).contains(&(strike.at - before)));
                prop_assert!((broken.start..=broken.end).contains(&(strike.until - strike.at)));
                before = strike.until;
            }
        }

        #[test]
        fn a_pick_is_one_of_them(pick: u64, count in 0..50_usize) {
            let among: Vec<usize> = (0..count).collect();
            prop_assert_eq!(Pick(pick).of(&among).is_some(), count > 0);
        }

        #[test]
        fn a_shuffle_has_everyone_once(seed: u64, count in 0..20_usize) {
            let mut order = shuffled(seed, (0..count).collect());
            prop_assert_eq!(&order, &shuffled(seed, (0..count).collect()));
            order.sort_unstable();
            prop_assert_eq!(order, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn seeds_hit_everyone() {
        let second = Duration::from_secs(1);
        let pattern = Pattern { strikes: 50, calm: second..2 * second, broken: second..2 * second };
        let hit: BTreeSet<u8> = pattern
            .schedule(7)
            .iter()
            .filter_map(|strike| strike.victim.of(&[1, 2, 3, 4, 5]).copied())
            .collect();
        assert_eq!(hit, BTreeSet::from([1, 2, 3, 4, 5]));
        assert_ne!(pattern.schedule(1), pattern.schedule(2));
    }
}
