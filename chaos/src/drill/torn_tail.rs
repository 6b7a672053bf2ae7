//! A last write that reached the disk in part.
//!
//! After each kill, bytes that make no sense are put behind the end of the log, as a write leaves them that the power
//! cut short before its fsync. The hub must start, keep a copy of what it cuts in a `.torn` file, and have lost nothing.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use rand::{Rng, RngCore};

use super::Plan;
use super::audit::{Damage, audit};
use super::segment::{overwrite, segments};
use super::stand::Stand;
use super::workload::Workload;

/// The most bytes that the torn write left.
const LONGEST_TEAR_BYTES: usize = 3000;
/// How long the writers write between two kills.
const CALM: std::time::Duration = std::time::Duration::from_millis(300);

/// Tears the tail once a round.
pub async fn run(stand: &mut Stand, plan: &Plan) -> anyhow::Result<Vec<String>> {
    let mut violations = Vec::new();
    let mut hub = stand.up().await?;
    let workload = Workload::start(stand, plan.writers).await?;
    for round in 1..=plan.rounds {
        tokio::time::sleep(CALM).await;
        stand.down();
        hub.kill().await?;
        let before = torn_files(&stand.spec.wal_dir())?;
        tear(stand)?;
        hub = match stand.up().await {
            Ok(hub) => hub,
            Err(error) => {
                violations.push(format!("after tear {round} the hub does not start: {error:#}"));
                return Ok(violations);
            }
        };
        if torn_files(&stand.spec.wal_dir())? == before {
            violations.push(format!("tear {round} left no .torn file"));
        }
        plan.progress.inc(1);
    }
    violations.extend(workload.finish().await);
    violations.extend(audit(stand, Damage::Impossible).await?);
    hub.stop().await?;
    violations.extend(stand.verify_log()?.violation());
    Ok(violations)
}

/// Puts garbage where the next frame would begin: random bytes, sometimes with a hole in them.
fn tear(stand: &mut Stand) -> anyhow::Result<()> {
    let segments = segments(&stand.spec.wal_dir()).context("cannot read the log's folder")?;
    let last = segments.last().context("the log holds no frame")?;
    let room = fs::metadata(&last.path)?.len() - last.end();
    let longest = LONGEST_TEAR_BYTES.min(room as usize);
    ensure!(longest > 32, "the last segment has no room for a tear");
    let mut garbage = vec![0; stand.dice.random_range(32..=longest)];
    stand.dice.fill_bytes(&mut garbage);
    if stand.dice.random_bool(0.5) {
        let hole = stand.dice.random_range(16..garbage.len());
        garbage[16..hole].fill(0);
    }
    Ok(overwrite(&last.path, last.end(), &garbage)?)
}

fn torn_files(wal: &Path) -> anyhow::Result<usize> {
    let names = fs::read_dir(wal)?.map(|entry| entry.map(|entry| entry.file_name()));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    Ok(names.iter().filter(|name| name.to_string_lossy().ends_with(".torn")).count())
}
