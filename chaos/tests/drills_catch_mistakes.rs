//! Each drill against a toy hub: silent when the toy is sound, loud about the mistake that the drill is there for.

use std::path::Path;

use chaos::drill::{Drill, Plan, Report};

async fn hold(drill: Drill, fault: &str, rounds: u32) -> Report {
    let toy = Path::new(env!("CARGO_BIN_EXE_toy-hub"));
    let plan = Plan::new(toy.to_owned(), rounds, 1).with_env("TOY_FAULT", fault);
    drill.run(&plan).await.expect("the drill can be held")
}

/// Holds the drill for some rounds against the sound toy, and against each mistake for as many as show it.
async fn check(drill: Drill, rounds: u32, faults: &[(&str, u32)]) {
    let sound = hold(drill, "", rounds).await;
    assert_eq!(sound.violations, [""; 0]);
    assert!(sound.tally.acknowledged > 100, "hardly anything was written: {sound:?}");
    for (fault, rounds) in faults {
        let report = hold(drill, fault, *rounds).await;
        assert_ne!(report.violations, [""; 0], "{} does not notice {fault}", drill.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill9() {
    check(Drill::Kill9, 4, &[("acknowledge-early", 2), ("forget-keys", 8)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn power_cut() {
    if chaos::can_mount() {
        check(Drill::PowerCut, 4, &[("skip-fsync", 2)]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disk_full() {
    if chaos::is_root() {
        check(Drill::DiskFull, 2, &[("never-full", 1)]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fsync_error() {
    if chaos::has_program("strace") {
        check(Drill::FsyncError, 2, &[("ignore-fsync-error", 1)]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn torn_tail() {
    check(Drill::TornTail, 4, &[("drop-torn", 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bit_flip() {
    check(Drill::BitFlip, 4, &[("ignore-damage", 2)]).await;
}
