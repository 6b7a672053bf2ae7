//! One fault after the other, each repaired before the next.

use std::ops::Range;
use std::time::Duration;

use tokio::time::sleep;

use super::faults::Fault;
use super::stand::Stand;
use crate::drive::nemesis::Pattern;

/// Makes and repairs the stand's faults. All is well for `calm` before each, and broken for `broken`.
pub async fn hold(
    stand: &mut Stand,
    calm: Range<Duration>,
    broken: Range<Duration>,
    fault: Fault,
) -> anyhow::Result<()> {
    let strikes = Pattern { strikes: stand.faults, calm, broken }.schedule(stand.seed);
    let mut before = Duration::ZERO;
    for (round, strike) in strikes.iter().enumerate() {
        if stand.is_over() {
            break;
        }
        // However long the repair took: the calm counts from when all is well.
        sleep(strike.at.saturating_sub(before)).await;
        before = strike.until;
        let made = fault.make(stand, round, strike.victim).await?;
        stand.say(&format!("fault {} of {}: {fault:?} of {}", round + 1, stand.faults, made.nodes.join(" ")));
        sleep(strike.until - strike.at).await;
        fault.repair(stand, &made).await?;
        stand.until_whole().await?;
    }
    Ok(())
}
