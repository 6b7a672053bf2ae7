//! Counts how often the leader of a group became another one, as this node knows it.

use super::{Group, StateMachine};
use openraft::async_runtime::watch::WatchReceiver;
use std::convert::Infallible;
use std::future::pending;
use wal::GroupId;

/// Where it is counted, by shard.
const CHANGES: &str = "shard_leader_changes_total";

/// The leader that was known last, across incarnations of the group. Nobody leads for a while between two leaders: only who
/// comes then says whether it changed.
#[derive(Debug)]
pub(super) struct Leaders {
    shard: String,
    known: Option<u64>,
}

impl Leaders {
    pub(super) fn new(group: GroupId) -> Leaders {
        let shard = group.to_string();
        // A series that begins with its first change has no increase.
        metrics::counter!(CHANGES, "shard" => shard.clone()).increment(0);
        Leaders { shard, known: None }
    }

    /// Counts for as long as the group lives; to be dropped with it.
    pub(super) async fn watch<M: StateMachine>(&mut self, group: &Group<M>) -> Infallible {
        let mut seen = group.server_metrics();
        loop {
            let leader = seen.borrow_watched().current_leader;
            if self.is_another(leader) {
                metrics::counter!(CHANGES, "shard" => self.shard.clone()).increment(1);
            }
            if seen.changed().await.is_err() {
                // The group has ended, of which others tell.
                return pending().await;
            }
        }
    }

    /// Whether somebody else leads than who was known to.
    fn is_another(&mut self, leader: Option<u64>) -> bool {
        let Some(leader) = leader else { return false };
        self.known.replace(leader).is_some_and(|before| before != leader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_leader_is_a_change() {
        let mut leaders = Leaders::new(GroupId(3));
        let seen = [None, Some(1), None, Some(1), Some(2), Some(2), None, Some(1)];
        let changed = seen.map(|leader| leaders.is_another(leader));
        assert_eq!(changed, [false, false, false, false, true, false, false, true]);
    }
}
