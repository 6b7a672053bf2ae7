//! Carries out what [`nemesis`](super::nemesis) has planned.

use tokio::time::{Instant, sleep_until};

use super::nemesis::Strike;

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Break the victim.
    Break,
    /// Make whole what the same strike broke.
    Repair,
}

/// Calls `act` at the beginning and at the end of each strike, counted from `began`. What takes longer than it should
/// delays the rest; two strikes never overlap. The first error ends it.
pub async fn carry_out<E>(
    schedule: &[Strike],
    began: Instant,
    mut act: impl AsyncFnMut(&Strike, Act) -> Result<(), E>,
) -> Result<(), E> {
    for strike in schedule {
        sleep_until(began + strike.at).await;
        act(strike, Act::Break).await?;
        sleep_until(began + strike.until).await;
        act(strike, Act::Repair).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::nemesis::Pattern;
    use super::*;

    fn schedule() -> Vec<Strike> {
        let (one, two) = (Duration::from_millis(10), Duration::from_millis(20));
        Pattern { strikes: 2, calm: one..two, broken: one..two }.schedule(1)
    }

    #[tokio::test]
    async fn each_strike_breaks_and_then_repairs_in_its_time() {
        let (schedule, began, mut acts) = (schedule(), Instant::now(), vec![]);
        let done = carry_out(&schedule, began, async |strike: &Strike, act| {
            let due = if act == Act::Break { strike.at } else { strike.until };
            assert!(began.elapsed() >= due);
            acts.push((strike.at, act));
            Ok::<_, ()>(())
        });
        done.await.unwrap();
        let [first, second] = [schedule[0].at, schedule[1].at];
        let wanted = [(first, Act::Break), (first, Act::Repair), (second, Act::Break), (second, Act::Repair)];
        assert_eq!(acts, wanted);
    }

    #[tokio::test]
    async fn an_error_ends_it() {
        let (schedule, mut acts) = (schedule(), 0);
        let done = carry_out(&schedule, Instant::now(), async |_: &Strike, _| {
            acts += 1;
            if acts == 3 { Err("no such node") } else { Ok(()) }
        });
        assert_eq!(done.await, Err("no such node"));
        assert_eq!(acts, 3);
    }
}
