//! A node that leads is killed under a writer: how long nothing is acknowledged, and whether anything acknowledged is gone.

use crate::client::{CallError, Rest, RestError};
use crate::server::{Cluster, Stop};
use anyhow::{Result, ensure};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Between two writes.
const PACE: Duration = Duration::from_millis(50);
/// How long the writer writes before the kill.
const BEFORE: Duration = Duration::from_secs(3);
/// How long it goes on after.
const AFTER: Duration = Duration::from_secs(12);

/// A write that was acknowledged.
struct Kept {
    id: String,
    at: Instant,
}

/// What was seen.
pub struct Failover {
    /// The longest time between two acknowledged writes, in seconds.
    pub gap: f64,
    /// From the oldest acknowledged write that is gone to the kill, in seconds; zero if none is.
    pub lost: f64,
    /// How many were acknowledged.
    pub writes: usize,
}

/// Kills the leader of the first shard under a writer. The cluster has a node less after it.
pub async fn kill_leader(cluster: &mut Cluster, token: &str) -> Result<Failover> {
    let victim = cluster.take_leader(0).await?;
    let end = Instant::now() + BEFORE + AFTER;
    let kill = async {
        sleep(BEFORE).await;
        victim.stop(Stop::Hard).await?;
        Ok::<_, anyhow::Error>(Instant::now())
    };
    let (kept, killed) = tokio::try_join!(write_until(cluster, token, end), kill)?;
    ensure!(kept.last().is_some_and(|last| last.at > killed), "nothing was acknowledged after the kill");
    let mut rest = Rest::open(cluster.addr(), token).await?;
    let mut oldest_lost = None;
    for write in &kept {
        match rest.get(&write.id).await {
            Ok(_) => {}
            Err(RestError::Refused { status: 404, .. }) => oldest_lost = oldest_lost.or(Some(write.at)),
            Err(other) => return Err(other.into()),
        }
    }
    let times: Vec<Instant> = kept.iter().map(|write| write.at).collect();
    let lost = oldest_lost.map_or(0.0, |at| killed.saturating_duration_since(at).as_secs_f64());
    Ok(Failover { gap: longest_gap(&times).as_secs_f64(), lost, writes: kept.len() })
}

/// One create after the other; what is not acknowledged is not counted, and the next one is tried.
async fn write_until(cluster: &Cluster, token: &str, end: Instant) -> Result<Vec<Kept>> {
    let mut rest = Rest::open(cluster.addr(), token).await?;
    let mut kept = Vec::new();
    while Instant::now() < end {
        match rest.create("note", "kept").await {
            Ok(document) => kept.push(Kept { id: document.id, at: Instant::now() }),
            Err(RestError::Call(CallError::Connection(_) | CallError::Closed)) => {
                rest = Rest::open(cluster.addr(), token).await?;
            }
            Err(RestError::Refused { status: 500.., .. }) => {}
            Err(other) => return Err(other.into()),
        }
        sleep(PACE).await;
    }
    Ok(kept)
}

fn longest_gap(times: &[Instant]) -> Duration {
    times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_gap_is_found() {
        let start = Instant::now();
        let times = [0, 50, 100, 1_400, 1_450].map(|millis| start + Duration::from_millis(millis));
        assert_eq!(longest_gap(&times), Duration::from_millis(1_300));
        assert_eq!(longest_gap(&times[..1]), Duration::ZERO);
    }
}
