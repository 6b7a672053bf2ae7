//! The clocks of a group, and openraft's settings.
//!
//! A follower stands for election when it has heard nothing for the longest election timeout and a random one on top:
//! 1.3 to 1.6 s with these numbers. They must be the same on all nodes of a group, because a leader's lease rests on them.

use openraft::{Config, ConfigError, SnapshotPolicy, StepDownPolicy};
use std::collections::BTreeSet;
use std::time::Duration;

/// How often a leader shows that it is there. Openraft looks at its clocks five times as often, in each group; the two
/// are most of what a group costs that nobody uses.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(200);
/// The shortest silence after which a follower doubts its leader.
const ELECTION_MIN: Duration = Duration::from_millis(500);
/// The longest. For as long, followers refuse to vote for anyone else after they heard from their leader.
pub(super) const ELECTION_MAX: Duration = Duration::from_millis(800 * STRETCH);

/// How long a leader may answer reads after a quorum answered it: one heartbeat may be lost, and mostly two (each goes out up
/// to a fifth later than it is due). Followers hold still for [`ELECTION_MAX`]; what is left between the two absorbs clocks that
/// run at different speeds, by an eighth.
pub(super) const LEASE: Duration = Duration::from_millis(700 * STRETCH);

/// A node that breaks the rule of the start does harm only if it is back within a lease. A drill kills and starts a whole process,
/// which takes about as long as a lease, so what is built for that drill makes longer promises.
const STRETCH: u64 = if cfg!(feature = "unsafe-skip-start-delay") { 5 } else { 1 };

const _: () = assert!(LEASE.as_millis() * 8 <= ELECTION_MAX.as_millis() * 7);
const _: () = assert!(HEARTBEAT.as_millis() * 3 < LEASE.as_millis());

/// How long an append may take before the follower is asked again. Longer than a disk that has a bad moment.
pub(super) const APPEND_LIMIT: Duration = Duration::from_secs(2);

/// How soon, and how often, a node that is out of reach is tried again: it comes back within half a second of its return.
const BACKOFF: &str = "50ms 100ms 200ms ...500ms";

/// How many proposals wait for a group before callers wait for room.
const PROPOSALS_WAITING: u64 = 16 * 1024;

/// A snapshot is streamed; this bounds one silence in it, not the whole. The last one is as long as the receiver takes to
/// install it.
const SNAPSHOT_SILENCE: Duration = Duration::from_secs(120);

/// How long a node must hold still when it starts, before it votes or stands for election.
///
/// It may have promised its leader, before it stopped, not to vote for another; the promise is not on disk. So it waits
/// until every promise has run out, with a fifth on top for clocks. The only voter has promised nothing to anyone, nor
/// has a node that never voted nor had an entry.
pub(super) fn start_delay(node: u64, voters: &BTreeSet<u64>, voted: bool) -> Duration {
    let alone = voters.len() == 1 && voters.contains(&node);
    let blank = voters.is_empty() && !voted;
    if alone || blank { Duration::ZERO } else { ELECTION_MAX * 6 / 5 }
}

/// What openraft is told. Snapshots and purges are the scheduler's.
pub(super) fn settings(name: String) -> Result<Config, ConfigError> {
    Config {
        cluster_name: name,
        heartbeat_interval: millis(HEARTBEAT),
        election_timeout_min: millis(ELECTION_MIN),
        election_timeout_max: millis(ELECTION_MAX),
        enable_pre_vote: Some(true),
        // A leader that stopped is elected anew: its first entry of the new term then shows that all it had acknowledged
        // is applied again, before it answers a read.
        enable_leader_restore: Some(false),
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: u64::MAX,
        install_snapshot_timeout: millis(SNAPSHOT_SILENCE),
        api_channel_size: Some(PROPOSALS_WAITING),
        // Whoever leads gives way before it is removed, and knows of it: a lease must not be read meanwhile.
        removed_leader_step_down: StepDownPolicy::Never,
        // A leader that is heard and hears nobody falls silent at times, so that another can be elected.
        quorum_loss_probe_interval: Some(millis(ELECTION_MAX * 2)),
        backoff: BACKOFF.to_owned(),
        ..Config::default()
    }
    .validate()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_node_that_may_have_promised_something_holds_still() {
        let longest = Duration::from_millis(960);
        for (voters, voted, delay) in [
            (vec![], false, Duration::ZERO),
            (vec![], true, longest),
            (vec![7], true, Duration::ZERO),
            (vec![8], true, longest),
            (vec![7, 8, 9], false, longest),
            (vec![7, 8, 9], true, longest),
        ] {
            assert_eq!(start_delay(7, &voters.into_iter().collect(), voted), delay);
        }
    }

    #[test]
    fn openraft_takes_the_settings() {
        let settings = settings("group 1".into()).unwrap();
        assert_eq!(settings.snapshot_policy, SnapshotPolicy::Never);
        assert!(settings.replication_lag_threshold > 0);
    }
}
