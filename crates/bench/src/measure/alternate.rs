//! Ours, peer, ours, peer: what disturbs the machine for a while disturbs both.

use super::{Measured, median};
use anyhow::Result;
use std::fmt::Display;

/// How often each side is measured.
const TURNS: usize = 5;

/// What was measured of both sides, in turns.
#[derive(Debug)]
pub struct Alternation<M> {
    ours: Vec<M>,
    peer: Vec<M>,
}

impl<M> Alternation<M> {
    /// The median over each side's turns of a number: (ours, the peer's).
    pub fn medians(&self, number: impl Fn(&M) -> f64) -> (f64, f64) {
        (median(self.ours.iter().map(&number)), median(self.peer.iter().map(&number)))
    }
}

impl<M> Alternation<M> {
    /// The median over our turns of a number that the peer has not.
    pub fn median_of_ours(&self, number: impl Fn(&M) -> f64) -> f64 {
        median(self.ours.iter().map(number))
    }
}

impl Alternation<Measured> {
    /// How much of its core the client used, on the side where it used more.
    pub fn client_share(&self) -> f64 {
        let (ours, peer) = self.medians(Measured::client_share);
        ours.max(peer)
    }
}

/// Measures both sides in turns. Each turn tells what it saw on standard error.
pub async fn alternate<M: Display>(
    name: &str,
    mut ours: impl AsyncFnMut() -> Result<M>,
    mut peer: impl AsyncFnMut() -> Result<M>,
) -> Result<Alternation<M>> {
    let told = |side: &str, turn: usize, measured: M| {
        eprintln!("{name} {side} {turn}/{TURNS}: {measured}");
        measured
    };
    let mut turns = Alternation { ours: Vec::with_capacity(TURNS), peer: Vec::with_capacity(TURNS) };
    for turn in 1..=TURNS {
        turns.ours.push(told("ours", turn, ours().await?));
        turns.peer.push(told("peer", turn, peer().await?));
    }
    Ok(turns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn sides_take_turns() {
        let clock = Cell::new(0.0);
        let tick = || {
            clock.set(clock.get() + 1.0);
            clock.get()
        };
        let turns = alternate("test", async || Ok(tick()), async || Ok(tick())).await.unwrap();
        assert_eq!(turns.ours, [1.0, 3.0, 5.0, 7.0, 9.0]);
        assert_eq!(turns.peer, [2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(turns.medians(|number| *number), (5.0, 6.0));
        assert_eq!(turns.median_of_ours(|number| *number * 2.0), 10.0);
    }
}
