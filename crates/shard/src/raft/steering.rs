//! Leads groups where they are wanted: one whose preferred leader is another node is handed over when that one is ready.

use super::groups::Groups;
use super::leadership::heir;
use super::{Role, StateMachine, Status};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use wal::GroupId;

/// How often the groups are looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// How long a group is left alone after it was handed over, or could not be: a node that comes and goes does not make
/// its groups change hands each time. Each further failure doubles it, because a group takes no proposals while it is
/// handed over.
const REST: Duration = Duration::from_secs(10);
/// The longest rest.
const REST_MAX: Duration = Duration::from_secs(10 * 60);
/// How long a node leads before it hands over. Who has just been handed a group by a node that stops must not give it back
/// while that one is not gone yet, which takes some seconds.
const LEADS_FIRST: Duration = Duration::from_secs(15);
/// Who is to lead has everything but what was proposed so lately.
const LATE_MAX: Duration = Duration::from_millis(100);
/// How long one hand-over may take.
const LIMIT: Duration = Duration::from_secs(2);

/// Looks after the groups until it is told to stop. One changes hands at a time.
pub(super) async fn run<M: StateMachine>(groups: Groups<M>, stop: CancellationToken) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tried = HashMap::<GroupId, Rest>::new();
    let mut reigns = Reigns::default();
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        for group in &groups.all() {
            let led = reigns.led_for(group.id(), group.leads_in(), Instant::now());
            if led.is_none_or(|led| led < LEADS_FIRST) {
                continue;
            }
            let Some(wanted) = group.preferred_leader() else { continue };
            let last = tried.get(&group.id());
            if last.is_some_and(|last| !last.is_over(wanted, Instant::now())) {
                continue;
            }
            let Some(running) = group.running() else { continue };
            // One that is away or behind is looked at again; nothing is disturbed for it.
            if !can_take_over(&running.status(), wanted) {
                continue;
            }
            let failures = last.filter(|last| last.wanted == wanted).map_or(0, |last| last.failures);
            let failures = match stop.run_until_cancelled(running.give_way(Some(wanted), LIMIT)).await {
                None => return,
                Some(Ok(leader)) => {
                    tracing::info!(group = %group.id(), leader, "handed over to its preferred leader");
                    0
                }
                Some(Err(error)) => {
                    tracing::warn!(group = %group.id(), wanted, %error, "could not hand over");
                    failures.saturating_add(1)
                }
            };
            tried.insert(group.id(), Rest { wanted, failures, since: Instant::now() });
        }
    }
}

/// Whether this node leads, and `wanted` could lead in its place at once.
fn can_take_over(status: &Status, wanted: u64) -> bool {
    let is_late = |node| status.followers.iter().any(|it| it.node == node && it.late > LATE_MAX);
    status.role == Role::Leader && heir(&status.followers, Some(wanted)).is_some_and(|heir| !is_late(heir))
}

/// Since when this node leads the groups that it leads.
#[derive(Default)]
struct Reigns(HashMap<GroupId, (u64, Instant)>);

impl Reigns {
    /// How long this node has been leading a group, in which it leads in `term` now; none if it does not.
    fn led_for(&mut self, group: GroupId, term: Option<u64>, now: Instant) -> Option<Duration> {
        let Some(term) = term else {
            self.0.remove(&group);
            return None;
        };
        let reign = self.0.entry(group).or_insert((term, now));
        if reign.0 != term {
            *reign = (term, now);
        }
        Some(now.saturating_duration_since(reign.1))
    }
}

/// The rest of a group since it was to change hands last.
struct Rest {
    /// Who was to lead.
    wanted: u64,
    /// How often in a row that failed.
    failures: u32,
    since: Instant,
}

impl Rest {
    /// Whether it may be tried again. Another one that is wanted does not wait for the failures of the last one.
    fn is_over(&self, wanted: u64, now: Instant) -> bool {
        let again = if wanted == self.wanted { self.failures.saturating_sub(1) } else { 0 };
        let pause = REST.saturating_mul(2u32.saturating_pow(again)).min(REST_MAX);
        now.saturating_duration_since(self.since) >= pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::Follower;

    #[test]
    fn failures_in_a_row_are_tried_again_ever_more_seldom() {
        let since = Instant::now();
        let check = |failures, wanted, seconds| {
            let rest = Rest { wanted: 2, failures, since };
            let at = |seconds| since + Duration::from_secs(seconds);
            assert!(
                rest.is_over(wanted, at(seconds)) && !rest.is_over(wanted, at(seconds - 1)),
                "{failures}"
            );
        };
        check(0, 2, 10);
        check(1, 2, 10);
        check(2, 2, 20);
        check(5, 2, 160);
        check(7, 2, 600);
        check(u32::MAX, 2, 600);
        check(7, 3, 10);
    }

    #[test]
    fn who_has_just_begun_to_lead_does_not_hand_over() {
        let (start, group) = (Instant::now(), GroupId(3));
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut reigns = Reigns::default();
        let mut check = |term, seconds, led: Option<u64>| {
            assert_eq!(reigns.led_for(group, term, at(seconds)), led.map(Duration::from_secs));
        };
        check(None, 0, None);
        check(Some(4), 1, Some(0));
        check(Some(4), 16, Some(15));
        check(Some(6), 17, Some(0));
        check(Some(6), 18, Some(1));
        check(None, 19, None);
        check(Some(6), 20, Some(0));
    }

    #[test]
    fn who_has_not_caught_up_is_not_asked_to_lead() {
        let silence = Some(Duration::ZERO);
        let ready = Follower { node: 2, voter: true, matched: Some(99), behind: 1, late: LATE_MAX, silence };
        let check = |role, follower, wanted| {
            can_take_over(&Status { role, followers: vec![follower], ..Status::default() }, wanted)
        };
        assert!(check(Role::Leader, ready, 2));
        assert!(!check(Role::Leader, ready, 3));
        assert!(!check(Role::Follower, ready, 2));
        assert!(!check(Role::Leader, Follower { late: LATE_MAX * 2, ..ready }, 2));
        assert!(!check(Role::Leader, Follower { silence: None, ..ready }, 2));
    }
}
