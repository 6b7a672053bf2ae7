//! Begins the audits of the groups that this node leads, each at a time of its own.

use crate::raft::groups::Groups;
use crate::raft::{GroupHandle, Role, StateMachine};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use wal::GroupId;

/// How often the groups are looked at, at most.
const PERIOD: Duration = Duration::from_secs(1);
/// And at least, however often audits are wanted.
const PERIOD_MIN: Duration = Duration::from_millis(10);

/// When groups of several voters are audited.
#[derive(Clone, Copy, Debug)]
pub struct AuditPolicy {
    /// How long from the end of one audit of a group to the next, to a tenth. The first one comes within this time after
    /// a node has begun to lead. Zero for never.
    pub every: Duration,
}

impl Default for AuditPolicy {
    fn default() -> Self {
        AuditPolicy { every: Duration::from_secs(10 * 60) }
    }
}

/// Looks after the groups until it is told to stop. An audit that is under way then is dropped; what it would have
/// found, the next leader's finds.
pub(in crate::raft) async fn run<M: StateMachine>(
    groups: Groups<M>,
    policy: AuditPolicy,
    stop: CancellationToken,
) {
    let AuditPolicy { every } = policy;
    if every.is_zero() {
        return stop.cancelled().await;
    }
    let mut ticks = interval((every / 4).clamp(PERIOD_MIN, PERIOD));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut dues, mut under_way) = (HashMap::new(), FuturesUnordered::new());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(group) = under_way.next() => {
                dues.insert(group, Due::At(Instant::now() + spread(every, rand::random())));
            }
            _ = ticks.tick() => {
                let groups = groups.all();
                dues.retain(|id, due| *due == Due::Begun || groups.iter().any(|group| group.id() == *id));
                for group in groups.into_iter().filter(|group| is_due(&mut dues, group, every)) {
                    under_way.push(audit(group, every));
                }
            }
        }
    }
}

/// When a group is audited next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    At(Instant),
    /// It is being audited.
    Begun,
}

/// Whether a group is to be audited now; then it is taken for begun.
fn is_due<M: StateMachine>(
    dues: &mut HashMap<GroupId, Due>,
    group: &GroupHandle<M>,
    every: Duration,
) -> bool {
    let id = group.id();
    let due = dues.get(&id).copied();
    let leads = group.running().is_some_and(|it| it.status().role == Role::Leader && !it.is_alone());
    let (next, now) = next(due, leads, Instant::now(), || every.mul_f64(rand::random()));
    match next {
        Some(next) => dues.insert(id, next),
        None => dues.remove(&id),
    };
    now
}

/// What comes next, and whether it is time. Who begins to lead waits for some part of the time, so that the groups of a node
/// that begins to lead many are not all audited at once.
fn next(
    due: Option<Due>,
    leads: bool,
    now: Instant,
    first: impl FnOnce() -> Duration,
) -> (Option<Due>, bool) {
    match due {
        Some(Due::Begun) => (due, false),
        _ if !leads => (None, false),
        Some(Due::At(at)) if at <= now => (Some(Due::Begun), true),
        Some(Due::At(_)) => (due, false),
        None => (Some(Due::At(now + first())), false),
    }
}

/// The time between two audits, from nine tenths to eleven by chance, from 0 to 1.
fn spread(every: Duration, chance: f64) -> Duration {
    every.mul_f64(0.9 + chance / 5.0)
}

fn audit<M: StateMachine>(group: GroupHandle<M>, limit: Duration) -> BoxFuture<'static, GroupId> {
    Box::pin(async move {
        if let Err(error) = group.audit(limit).await {
            tracing::info!(group = %group.id(), %error, "an audit did not come to its end");
        }
        group.id()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leads_audits_after_some_time_and_one_at_a_time() {
        let now = Instant::now();
        let later = now + Duration::from_secs(3);
        let first = || Duration::from_secs(3);
        assert_eq!(next(None, true, now, first), (Some(Due::At(later)), false));
        assert_eq!(next(Some(Due::At(later)), true, now, first), (Some(Due::At(later)), false));
        assert_eq!(next(Some(Due::At(later)), true, later, first), (Some(Due::Begun), true));
        assert_eq!(next(Some(Due::Begun), true, later, first), (Some(Due::Begun), false));
        assert_eq!(next(Some(Due::Begun), false, later, first), (Some(Due::Begun), false));
        assert_eq!(next(Some(Due::At(later)), false, later, first), (None, false));
    }

    #[test]
    fn audits_are_spread_by_a_tenth() {
        let every = Duration::from_secs(600);
        assert_eq!(spread(every, 0.0), Duration::from_secs(540));
        assert_eq!(spread(every, 1.0).as_secs_f64().round(), 660.0);
    }
}
