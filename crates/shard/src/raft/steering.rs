//! Leads groups where they are wanted: one whose preferred leader is another node is handed over when that one is ready.

use super::groups::Groups;
use super::leadership::heir;
use super::{Role, StateMachine};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use wal::GroupId;

/// How often the groups are looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// How long a group is left alone after it was handed over, or could not be: a node that comes and goes does not make
/// its groups change hands each time.
const REST: Duration = Duration::from_secs(10);
/// How long one hand-over may take.
const LIMIT: Duration = Duration::from_secs(2);

/// Looks after the groups until it is told to stop. One changes hands at a time.
pub(super) async fn run<M: StateMachine>(groups: Groups<M>, stop: CancellationToken) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tried = HashMap::<GroupId, Instant>::new();
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        for group in &groups.all() {
            let rested = tried.get(&group.id()).is_none_or(|at| at.elapsed() >= REST);
            let Some(wanted) = group.preferred_leader().filter(|_| rested) else { continue };
            let Some(running) = group.running() else { continue };
            let status = running.status();
            // One that is away or behind is looked at again; nothing is disturbed for it.
            if status.role != Role::Leader || heir(&status.followers, Some(wanted)).is_none() {
                continue;
            }
            match stop.run_until_cancelled(running.give_way(Some(wanted), LIMIT)).await {
                None => return,
                Some(Ok(leader)) => {
                    tracing::info!(group = %group.id(), leader, "handed over to its preferred leader")
                }
                Some(Err(error)) => {
                    tracing::warn!(group = %group.id(), wanted, %error, "could not hand over")
                }
            }
            tried.insert(group.id(), Instant::now());
        }
    }
}
