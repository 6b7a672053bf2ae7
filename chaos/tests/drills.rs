//! The drills against the hub itself.
//!
//! `CHAOS_ROUNDS` sets how often each one strikes: 50 times unless it is set. `CHAOS_SEED` chooses the accidents.

use chaos::binary;
use chaos::drill::{Drill, Plan};

/// How often a hub is struck when nothing else is asked for.
const ROUNDS: u32 = 50;

/// The drill against the hub that was built, or nothing where none was built and CI does not insist. What was violated is
/// returned, not panicked with: a backtrace below it would be all that a shortened log shows.
async fn hold(drill: Drill, rounds: u32) -> anyhow::Result<()> {
    let hub = match binary::newest_hub() {
        Ok(hub) => hub,
        Err(missing) => {
            chaos::refuse_in_ci(&missing.to_string());
            return Ok(());
        }
    };
    let plan = Plan::new(hub, rounds, setting("CHAOS_SEED").unwrap_or(1));
    let report = drill.run(&plan).await?;
    println!("{report:?}");
    anyhow::ensure!(report.violations.is_empty(), "{}", report.violations.join("\n"));
    Ok(())
}

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} is not a number")))
}

/// The rounds that were asked for, but no more than a drill needs.
fn rounds(most: u32) -> u32 {
    setting("CHAOS_ROUNDS").map_or(ROUNDS, |rounds| rounds as u32).min(most)
}

#[tokio::test(flavor = "multi_thread")]
async fn kill9() -> anyhow::Result<()> {
    hold(Drill::Kill9, rounds(ROUNDS)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn power_cut() -> anyhow::Result<()> {
    if !chaos::can_mount() {
        return Ok(());
    }
    hold(Drill::PowerCut, rounds(ROUNDS)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn disk_full() -> anyhow::Result<()> {
    if !chaos::is_root() {
        return Ok(());
    }
    hold(Drill::DiskFull, rounds(5)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn fsync_error() -> anyhow::Result<()> {
    if !chaos::has_program("strace") {
        return Ok(());
    }
    hold(Drill::FsyncError, rounds(5)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn torn_tail() -> anyhow::Result<()> {
    hold(Drill::TornTail, rounds(20)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bit_flip() -> anyhow::Result<()> {
    hold(Drill::BitFlip, rounds(20)).await
}

/// With an fsync left out the same power cuts must lose something: otherwise they would show nothing.
///
/// The hub for this is built with the feature `unsafe-skip-fsync` and named by `CONTEXT_HUB_UNSAFE_BIN`.
#[tokio::test(flavor = "multi_thread")]
async fn power_cut_catches_a_missing_fsync() {
    if !chaos::can_mount() {
        return;
    }
    let Some(hub) = binary::unsafe_hub() else {
        return chaos::refuse_in_ci("no hub is built with the feature unsafe-skip-fsync");
    };
    let plan = Plan::new(hub, rounds(10), 1).with_env("CONTEXT_HUB_UNSAFE_SKIP_FSYNC", "1");
    let report = Drill::PowerCut.run(&plan).await.expect("the drill can be held");
    assert!(!report.violations.is_empty(), "no cut noticed that nothing is fsynced: {report:?}");
}
