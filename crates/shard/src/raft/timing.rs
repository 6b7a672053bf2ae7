//! The clocks of a group, and openraft's settings.
//!
//! A follower stands for election when it has heard nothing for the longest election timeout and a random one on top:
//! 1.3 to 1.6 s with these numbers. They must be the same on all nodes of a group, because a leader's lease rests on them.

use openraft::{Config, ConfigError, SnapshotPolicy};
use std::collections::BTreeSet;
use std::time::Duration;

/// How often a leader shows that it is there.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// The shortest silence after which a follower doubts its leader.
const ELECTION_MIN: Duration = Duration::from_millis(500);
/// The longest. For as long, followers refuse to vote for anyone else after they heard from their leader.
const ELECTION_MAX: Duration = Duration::from_millis(800);

/// How long a leader may answer reads after a quorum answered it. Followers hold still for [`ELECTION_MAX`]; what is
/// left between the two absorbs clocks that run at different speeds.
pub(super) const LEASE: Duration = ELECTION_MIN;

const _: () = assert!(LEASE.as_millis() < ELECTION_MAX.as_millis());

/// How many proposals wait for a group before callers wait for room.
const PROPOSALS_WAITING: u64 = 16 * 1024;

/// A snapshot is streamed; this bounds one silence in it, not the whole.
const SNAPSHOT_SILENCE: Duration = Duration::from_secs(10);

/// How long a node must hold still when it starts, before it votes or stands for election.
///
/// It may have promised its leader, before it stopped, not to vote for another; the promise is not on disk. So it waits
/// until every promise has run out, with a fifth on top for clocks. The only voter has promised nothing to anyone.
pub(super) fn start_delay(node: u64, voters: &BTreeSet<u64>) -> Duration {
    let others = voters.iter().any(|&voter| voter != node);
    if others { ELECTION_MAX * 6 / 5 } else { Duration::ZERO }
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
    fn only_a_node_with_fellow_voters_holds_still() {
        let longest = Duration::from_millis(960);
        for (voters, delay) in [
            (vec![], Duration::ZERO),
            (vec![7], Duration::ZERO),
            (vec![8], longest),
            (vec![7, 8, 9], longest),
        ] {
            assert_eq!(start_delay(7, &voters.into_iter().collect()), delay);
        }
    }

    #[test]
    fn openraft_takes_the_settings() {
        let settings = settings("group 1".into()).unwrap();
        assert_eq!(settings.snapshot_policy, SnapshotPolicy::Never);
        assert!(settings.replication_lag_threshold > 0);
    }
}
