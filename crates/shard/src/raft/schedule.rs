//! When a group's store is made durable and its log shortened: pure.
//!
//! Both cost an fsync of the store, so neither is done often; but the longer it waits, the longer the log is on disk and
//! the more is applied again after a crash.

use super::{Keep, Status};
use std::time::{Duration, Instant};

/// What makes a snapshot due, and what the log keeps afterwards.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotPolicy {
    /// So many entries were applied since the last one.
    pub entries: u64,
    /// So many bytes were appended since the last one.
    pub bytes: u64,
    /// So much time has passed since the last one, and anything was applied.
    pub age: Duration,
    /// The most entries that stay in the log, for nodes that were away for a while.
    pub keep_entries: u64,
    /// About the most bytes that stay, by the mean size of an entry since the last snapshot; a few dozen entries stay
    /// however large they are.
    pub keep_bytes: u64,
    /// About the most bytes that stay for a follower that is behind. One that lacks more gets a snapshot.
    pub follower_bytes: u64,
}

impl Default for SnapshotPolicy {
    fn default() -> Self {
        SnapshotPolicy {
            entries: 100_000,
            bytes: 64 << 20,
            age: Duration::from_secs(15 * 60),
            keep_entries: 10_000,
            keep_bytes: 16 << 20,
            follower_bytes: 256 << 20,
        }
    }
}

/// A group at its last snapshot, or when it was first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    at: Instant,
    applied: Option<u64>,
    appended_bytes: u64,
}

impl Mark {
    pub(super) fn of(now: Instant, status: &Status) -> Mark {
        Mark { at: now, applied: status.applied, appended_bytes: status.appended_bytes }
    }

    /// A group that was rebuilt counts from nothing again.
    fn before(&self, status: &Status) -> Mark {
        Mark { appended_bytes: self.appended_bytes.min(status.appended_bytes), ..*self }
    }
}

/// Whether a snapshot is due, seen from the last one, and what the log keeps then.
pub(super) fn due(now: Instant, last: &Mark, status: &Status, policy: &SnapshotPolicy) -> Option<Keep> {
    let last = last.before(status);
    let entries = next(status.applied).saturating_sub(next(last.applied));
    let bytes = status.appended_bytes - last.appended_bytes;
    let old = now.saturating_duration_since(last.at) >= policy.age;
    let due =
        status.fatal.is_none() && entries > 0 && (entries >= policy.entries || bytes >= policy.bytes || old);
    due.then(|| {
        let entry_bytes = (bytes / entries).max(1);
        Keep {
            entries: policy.keep_entries.min(policy.keep_bytes / entry_bytes),
            for_followers: policy.follower_bytes / entry_bytes,
        }
    })
}

fn next(index: Option<u64>) -> u64 {
    index.map_or(0, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: SnapshotPolicy = SnapshotPolicy {
        entries: 100,
        bytes: 10_000,
        age: Duration::from_secs(60),
        keep_entries: 50,
        keep_bytes: 1_000,
        follower_bytes: 4_000,
    };

    fn status(applied: u64, appended_bytes: u64) -> Status {
        Status { applied: Some(applied), appended_bytes, ..Status::default() }
    }

    #[track_caller]
    fn check(seconds: u64, status: &Status, keep: Option<u64>) {
        let start = Instant::now();
        let last = Mark { at: start, applied: Some(1_000), appended_bytes: 5_000 };
        let now = start + Duration::from_secs(seconds);
        assert_eq!(due(now, &last, status, &POLICY).map(|keep| keep.entries), keep);
    }

    #[test]
    fn due_by_entries_bytes_or_age() {
        check(0, &status(1_099, 5_099), None);
        check(0, &status(1_100, 5_100), Some(50));
        check(0, &status(1_010, 14_999), None);
        check(0, &status(1_010, 15_000), Some(1));
        check(59, &status(1_001, 5_001), None);
        check(60, &status(1_001, 5_001), Some(50));
    }

    #[test]
    fn never_due_when_nothing_was_applied_or_the_group_is_dead() {
        check(600, &status(1_000, 50_000), None);
        check(600, &Status::default(), None);
        check(600, &Status { fatal: Some("why".into()), ..status(2_000, 50_000) }, None);
    }

    #[test]
    fn keeps_what_fits_into_entries_and_bytes() {
        check(0, &status(1_100, 5_000 + 100 * 10), Some(50));
        check(0, &status(1_100, 5_000 + 100 * 100), Some(10));
        check(0, &status(1_100, 5_000 + 100 * 10_000), Some(0));
    }

    #[test]
    fn followers_are_waited_for_up_to_a_bound_in_bytes() {
        let start = Instant::now();
        let last = Mark { at: start, applied: Some(1_000), appended_bytes: 5_000 };
        let keep = |status| due(start, &last, &status, &POLICY).unwrap().for_followers;
        assert_eq!(keep(status(1_100, 5_000 + 100 * 10)), 400);
        assert_eq!(keep(status(1_100, 5_000 + 100 * 100)), 40);
    }

    #[test]
    fn a_rebuilt_group_counts_its_bytes_from_nothing() {
        check(0, &status(1_010, 4_000), None);
        check(0, &status(1_100, 4_000), Some(50));
    }
}
