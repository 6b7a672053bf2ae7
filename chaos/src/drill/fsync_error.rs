//! An fsync that fails.
//!
//! After such an error the kernel may have dropped what it could not write, and a second fsync would report success for
//! it. So the hub must abort at the first one, and go on from what the disk holds when it is started again. A tracer
//! (`strace`) makes every fdatasync of a thread fail from a random one on.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use rand::Rng;
use tokio::time::Instant;

use super::Plan;
use super::audit::{Damage, audit};
use super::stand::Stand;
use super::workload::Workload;
use crate::hub::Hub;

/// How long the hub may take until it meets the error, with the writers at work and a tracer on its back.
const MET_WITHIN: Duration = Duration::from_secs(60);
/// The pause between two looks at the trace.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Fails an fsync once a round.
pub async fn run(stand: &mut Stand, plan: &Plan) -> anyhow::Result<Vec<String>> {
    let mut violations = Vec::new();
    let trace = stand.path("trace");
    let hub = stand.up().await?;
    let workload = Workload::start(stand, plan.writers).await?;
    stand.down();
    hub.stop().await?;
    for round in 1..=plan.rounds {
        let first = stand.dice.random_range(5..60);
        stand.spec.wrapper = tracer(&trace, first);
        let hub = stand.up().await?;
        let verdict = meets_error(hub, &trace).await?;
        stand.down();
        violations.extend(verdict.map(|what| format!("error {round}: {what}")));
        plan.progress.inc(1);
    }
    stand.spec.wrapper.clear();
    let hub = stand.up().await?;
    violations.extend(workload.finish().await);
    violations.extend(audit(stand, Damage::Impossible).await?);
    hub.stop().await?;
    violations.extend(stand.verify_log()?.violation());
    Ok(violations)
}

/// Waits until the hub ends on the error; what it did instead.
async fn meets_error(mut hub: Hub, trace: &Path) -> anyhow::Result<Option<String>> {
    let deadline = Instant::now() + MET_WITHIN;
    let status = loop {
        if let Ok(status) = hub.ended_within(LOOK_AGAIN).await {
            break status;
        }
        if let Some(file) = repeated(trace)? {
            hub.kill().await?;
            return Ok(Some(format!("{file} is synced again after it failed")));
        }
        if Instant::now() > deadline {
            hub.kill().await?;
            return Ok(Some("the hub syncs nothing, or goes on".into()));
        }
    };
    let aborted = status.signal() == Some(libc::SIGABRT);
    let other_end = (!aborted).then(|| format!("the hub does not abort, it ends with {status}"));
    Ok(other_end.or(repeated(trace)?.map(|file| format!("{file} is synced again after it failed"))))
}

/// Fails each thread's fdatasync from the `first` one on, and writes down every one with the file's name.
fn tracer(trace: &Path, first: u32) -> Vec<String> {
    let inject = format!("inject=fdatasync:error=EIO:when={first}+");
    let trace = trace.display().to_string();
    ["strace", "-f", "-y", "-o", &trace, "-e", "trace=fdatasync", "-e", &inject].map(str::to_owned).into()
}

/// A file whose fdatasync was called again after it had failed.
fn repeated(trace: &Path) -> anyhow::Result<Option<String>> {
    let trace = fs::read_to_string(trace).context("the tracer left no trace")?;
    let mut failures: BTreeMap<&str, u32> = BTreeMap::new();
    for line in trace.lines().filter(|line| line.contains("(INJECTED)")) {
        let file = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        *failures.entry(file.map_or(line, |(file, _)| file)).or_default() += 1;
    }
    let again = failures.into_iter().find(|(_, count)| *count > 1);
    Ok(again.map(|(file, _)| file.to_owned()))
}
