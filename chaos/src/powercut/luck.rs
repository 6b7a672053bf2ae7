//! What a power cut leaves of the writes that no fsync covers: nothing, or a seeded part.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The source of every accident in a cut; the same seed gives the same accidents.
#[derive(Debug)]
pub struct Luck {
    /// `None` keeps nothing.
    dice: Option<(StdRng, f64)>,
}

impl Luck {
    /// The plain cut: everything not fsynced is gone.
    pub fn none() -> Luck {
        Luck { dice: None }
    }

    /// Keeps each part with one probability, itself drawn first: some cuts keep little, some nearly all.
    pub fn seeded(seed: u64) -> Luck {
        let mut dice = StdRng::seed_from_u64(seed);
        let share = dice.random_range(0.0..1.0);
        Luck { dice: Some((dice, share)) }
    }

    /// Whether one part that was in flight survives.
    pub fn keeps(&mut self) -> bool {
        self.dice.as_mut().is_some_and(|(dice, share)| dice.random_bool(*share))
    }

    /// How many of `count` ordered parts survive, counted from the oldest.
    pub fn keeps_first(&mut self, count: usize) -> usize {
        self.dice.as_mut().map_or(0, |(dice, _)| dice.random_range(0..=count))
    }
}
