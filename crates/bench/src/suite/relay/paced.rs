//! One document at a person's pace.

use super::Setting;
use super::room::Room;
use super::side::{RepoSide, Side};
use crate::measure::{Figure, Goal, Histogram, Report, Usage, Worker};
use anyhow::{Result, ensure};
use rustix::process::Pid;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Between two characters.
const PACE: Duration = Duration::from_millis(50);
/// How late the last reader may be, at the 99th percentile.
const P99_GOAL_MILLIS: f64 = 50.0;
/// How many windows long it is: the percentile of a few hundred needs a few hundred.
const WINDOWS: u32 = 4;

/// Types for a while and tells how long each character took to the last reader.
pub async fn run(
    mut room: Room<RepoSide>,
    side: &RepoSide,
    setting: &Setting,
    server: Pid,
    report: &mut Report,
) -> Result<()> {
    let mut latency = Histogram::default();
    let usage = Usage::begin(server)?;
    let mut due = Instant::now() + PACE;
    let end = due + setting.window * WINDOWS;
    while due < end {
        sleep_until(due).await;
        room.step().await?;
        latency.record(due.elapsed());
        due += PACE;
    }
    let used = usage.end()?;
    let text = side.text(&room.document, room.changes).await?;
    ensure!(text == side.typing.text_at(room.changes), "the document does not hold what was typed");
    let millis = |quantile| latency.quantile(quantile).as_secs_f64() * 1e3;
    report.add(&Figure::new("relay.paced.p50", "ms", millis(0.5)))?;
    let p99 = Figure::new("relay.paced.p99", "ms", millis(0.99)).judged(Goal::Below(P99_GOAL_MILLIS));
    Ok(report.add(&p99.unless_client_was_busy(used.client_share()))?)
}
