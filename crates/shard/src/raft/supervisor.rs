//! Owns the groups of a node: starts them, rebuilds those that die, and stops them all.
//!
//! One task keeps each group, one takes the snapshots, one hands groups over to their preferred leaders, and one begins audits;
//! [`Supervisor::shutdown`] joins them. A group dies alone: the node and its other groups live on. It is rebuilt from its log and its store, which is what a restart of the process
//! would do, and only after the dead incarnation has let go of both.

use super::breaker::{Breaker, RebuildPolicy, Verdict};
use super::groups::Groups;
use super::leaders::Leaders;
use super::{
    AuditPolicy, Ended, Group, GroupConfig, GroupHandle, Phase, Replicas, Role, SnapshotPolicy, StateMachine,
    audit, scheduler, steering,
};
use base::NodeId;
use futures::StreamExt;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use wal::GroupId;

/// How groups are looked after.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// How patient to be with a group that dies.
    pub rebuild: RebuildPolicy,
    /// When to take snapshots.
    pub snapshot: SnapshotPolicy,
    /// When to compare the states of replicas.
    pub audit: AuditPolicy,
}

/// So many groups change hands at once when a node stops: elections all at once would be late.
const HANDED_OVER_AT_ONCE: usize = 20;

/// The groups of a node.
pub struct Supervisor<M: StateMachine> {
    groups: Groups<M>,
    /// What stops each group.
    stops: Mutex<BTreeMap<GroupId, CancellationToken>>,
    tasks: Mutex<JoinSet<()>>,
    rebuild: RebuildPolicy,
    stop: CancellationToken,
}

impl<M: StateMachine> Supervisor<M> {
    /// Begins to start groups, on the Tokio runtime of the caller. Their handles can be used at once, and answer when
    /// the groups run.
    pub fn start(groups: Vec<GroupConfig<M>>, policy: Policy) -> Supervisor<M> {
        let (handles, stop) = (Groups::new(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(scheduler::run(handles.clone(), policy.snapshot, stop.clone()));
        tasks.spawn(steering::run(handles.clone(), stop.clone()));
        tasks.spawn(audit::rounds::run(handles.clone(), policy.audit, stop.clone()));
        let (stops, tasks, rebuild) = (Mutex::default(), Mutex::new(tasks), policy.rebuild);
        let supervisor = Supervisor { groups: handles, stops, tasks, rebuild, stop };
        for config in groups {
            let id = config.group;
            if supervisor.add(config).is_none() {
                tracing::error!(group = %id, "a group is named twice; the first one counts");
            }
        }
        supervisor
    }

    /// Begins to start one more group; none if there is one with its number already.
    pub fn add(&self, config: GroupConfig<M>) -> Option<GroupHandle<M>> {
        let (phase, seen) = watch::channel(Phase::Starting);
        let (id, stop) = (config.group, self.stop.child_token());
        let handle = GroupHandle::new(id, seen);
        if !self.groups.insert(handle.clone()) {
            return None;
        }
        self.stops.lock().insert(id, stop.clone());
        let (breaker, try_again) = (Breaker::new(self.rebuild), self.rebuild.try_again);
        let leaders = Leaders::new(id);
        let keeper = Keeper { config, phase, breaker, leaders, try_again, stop };
        let mut tasks = self.tasks.lock();
        while let Some(ended) = tasks.try_join_next() {
            report(ended);
        }
        tasks.spawn(keeper.keep());
        Some(handle)
    }

    /// Stops a group for good, one whose replica has left this node. When it returns, nothing touches its log or machine
    /// any more, and both may be dropped.
    pub async fn remove(&self, id: GroupId) {
        let Some(handle) = self.groups.get(id) else { return };
        if let Some(stop) = self.stops.lock().remove(&id) {
            stop.cancel();
        }
        handle.until_phase(|phase| matches!(phase, Phase::Stopped)).await;
        self.groups.remove(id);
    }

    /// What the transport hands the messages of other nodes to.
    pub fn replicas(&self, node: NodeId) -> Replicas<M> {
        Replicas { node, groups: self.groups.clone() }
    }

    /// Lets others lead the groups that this node leads, so that nobody has to wait for an election when it stops. Takes
    /// `limit` at most, and gives the groups that nobody took over; one whose only voter is this node is not among them.
    pub async fn give_way(&self, limit: Duration) -> Vec<GroupId> {
        let led = self.groups().filter_map(|group| group.running());
        let led = led.filter(|group| group.status().role == Role::Leader && !group.is_alone());
        let giving = led.map(async |group| match group.give_way(None, limit).await {
            Ok(leader) => {
                tracing::info!(group = %group.log.group, leader, "gave way");
                None
            }
            Err(error) => {
                tracing::warn!(group = %group.log.group, %error, "nobody took over");
                Some(group.log.group)
            }
        });
        let giving: Vec<_> = giving.collect();
        futures::stream::iter(giving)
            .buffer_unordered(HANDED_OVER_AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await
    }

    /// A group of this node.
    pub fn group(&self, id: GroupId) -> Option<GroupHandle<M>> {
        self.groups.get(id)
    }

    /// All groups of this node, in the order of their numbers.
    pub fn groups(&self) -> impl Iterator<Item = GroupHandle<M>> {
        self.groups.all().into_iter()
    }

    /// Stops all groups. When it returns, nothing touches their logs or machines any more.
    pub async fn shutdown(self) {
        self.stop.cancel();
        let mut tasks = self.tasks.into_inner();
        while let Some(joined) = tasks.join_next().await {
            report(joined);
        }
    }
}

fn report(joined: Result<(), JoinError>) {
    if let Err(error) = joined {
        tracing::error!(%error, "a task that keeps a group panicked");
    }
}

/// Keeps one group alive.
struct Keeper<M: StateMachine> {
    config: GroupConfig<M>,
    phase: watch::Sender<Phase<M>>,
    breaker: Breaker,
    leaders: Leaders,
    try_again: Option<Duration>,
    stop: CancellationToken,
}

/// How one incarnation of a group came to its end.
enum End {
    /// The node is shutting down.
    Stopped,
    /// It died.
    Died(String),
    /// It cannot live.
    Hopeless(String),
}

impl<M: StateMachine> Keeper<M> {
    async fn keep(mut self) {
        let shard = self.config.group.to_string();
        let restarts = |count| {
            metrics::counter!("shard_group_restarts_total", "shard" => shard.clone()).increment(count);
        };
        // A series that begins with its first restart has no increase.
        restarts(0);
        loop {
            match self.live().await {
                End::Stopped => break,
                End::Died(reason) => match self.breaker.died(Instant::now()) {
                    Verdict::Rebuild(pause) => {
                        tracing::error!(group = %self.config.group, reason, ?pause, "the group died; rebuilding it");
                        self.phase.send_replace(Phase::Rebuilding { reason });
                        self.stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                    }
                    Verdict::GiveUp => self.give_up(reason, self.try_again).await,
                },
                End::Hopeless(reason) => self.give_up(reason, None).await,
            }
            if !self.stop.is_cancelled() {
                restarts(1);
            }
        }
        self.phase.send_replace(Phase::Stopped);
    }

    /// One incarnation, from start to end.
    async fn live(&mut self) -> End {
        if self.stop.is_cancelled() {
            return End::Stopped;
        }
        let group = match Group::start(self.config.clone()).await {
            Ok(group) => Arc::new(group),
            Err(error) if error.is_final() => return End::Hopeless(error.to_string()),
            Err(error) => return End::Died(error.to_string()),
        };
        self.phase.send_replace(Phase::Running(group.clone()));
        let leaders = &mut self.leaders;
        let ended = async {
            tokio::select! {
                biased;
                ended = group.ended() => ended,
                never = leaders.watch(&group) => match never {},
            }
        };
        let end = match self.stop.run_until_cancelled(ended).await {
            None => End::Stopped,
            Some(Ended::Died(reason)) => End::Died(reason),
            Some(Ended::Quarantined(reason)) => End::Hopeless(reason),
        };
        group.shutdown().await;
        end
    }

    /// Leaves the group dead until the node stops, or until it is time to try again.
    async fn give_up(&self, reason: String, try_again: Option<Duration>) {
        let group = self.config.group;
        tracing::error!(%group, reason, ?try_again, "the group is broken; restart the node once it is mended");
        self.phase.send_replace(Phase::Broken { reason });
        match try_again {
            None => self.stop.cancelled().await,
            Some(pause) => {
                // What comes next looks whether the node stops.
                let _stopped = self.stop.run_until_cancelled(tokio::time::sleep(pause)).await;
            }
        }
    }
}
