//! Each drill against a toy hub: silent when the toy is sound, loud about the mistake that the drill is there for.

use std::path::Path;

use chaos::drill::{Drill, Plan, Report};

/// Rounds that are enough for the toy to show its mistake.
const ROUNDS: u32 = 4;

async fn hold(drill: Drill, fault: &str, rounds: u32) -> Report {
    let toy = Path::new(env!("CARGO_BIN_EXE_toy-hub"));
    let plan = Plan::new(toy.to_owned(), rounds, 1).with_env("TOY_FAULT", fault);
    drill.run(&plan).await.expect("the drill can be held")
}

async fn check(drill: Drill, faults: &[&str]) {
    let sound = hold(drill, "", ROUNDS).await;
    assert_eq!(sound.violations, [""; 0]);
    assert!(sound.tally.acknowledged > 100, "hardly anything was written: {sound:?}");
    for fault in faults {
        let report = hold(drill, fault, ROUNDS).await;
        assert_ne!(report.violations, [""; 0], "{} does not notice {fault}", drill.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill9() {
    check(Drill::Kill9, &["acknowledge-early", "forget-keys"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn power_cut() {
    if chaos::can_mount() {
        check(Drill::PowerCut, &["skip-fsync"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disk_full() {
    if chaos::is_root() {
        check(Drill::DiskFull, &["never-full"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fsync_error() {
    if chaos::has_program("strace") {
        check(Drill::FsyncError, &["ignore-fsync-error"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn torn_tail() {
    check(Drill::TornTail, &["drop-torn"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bit_flip() {
    check(Drill::BitFlip, &["ignore-damage"]).await;
}
