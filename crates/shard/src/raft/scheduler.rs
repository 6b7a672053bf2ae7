//! Takes the node's snapshots, one at a time: the disk is shared by all groups.

use super::groups::Groups;
use super::schedule::{Mark, SnapshotPolicy, due};
use super::{GroupHandle, StateMachine};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use wal::GroupId;

/// How often the groups are looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// Looks after the groups until it is told to stop.
pub(super) async fn run<M: StateMachine>(groups: Groups<M>, policy: SnapshotPolicy, stop: CancellationToken) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut marks = HashMap::new();
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        for group in &groups.all() {
            if stop.run_until_cancelled(look_after(group, &policy, &mut marks)).await.is_none() {
                return;
            }
        }
    }
}

async fn look_after<M: StateMachine>(
    group: &GroupHandle<M>,
    policy: &SnapshotPolicy,
    marks: &mut HashMap<GroupId, Mark>,
) {
    let Some(status) = group.status() else { return };
    let now = Instant::now();
    let last = marks.entry(group.id()).or_insert_with(|| Mark::of(now, &status));
    let Some(keep) = due(now, last, &status, policy) else { return };
    // Also after a failure, so that a group that cannot take one is not asked every second.
    *last = Mark::of(now, &status);
    match group.compact(keep).await {
        Ok(compacted) => tracing::debug!(group = %group.id(), ?compacted, "took a snapshot"),
        Err(error) => tracing::warn!(group = %group.id(), %error, "could not take a snapshot"),
    }
}
