//! How a group is, for probes, metrics, placement and the scheduler.

use super::log_store::LogStore;
use super::types::TypeConfig;
use openraft::{Instant as _, RaftMetrics, ServerState};
use std::time::{Duration, Instant};

/// Where a group stands. Indexes are of the last entry in that state; none before the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The present term.
    pub term: u64,
    /// Who leads, as far as this node knows.
    pub leader: Option<u64>,
    /// What this node is in the group.
    pub role: Role,
    /// The end of the log.
    pub last: Option<u64>,
    /// Agreed upon by a quorum.
    pub committed: Option<u64>,
    /// Applied to the state machine.
    pub applied: Option<u64>,
    /// Known to be on this node's disk, purged or not.
    pub durable: Option<u64>,
    /// In the last snapshot.
    pub snapshot: Option<u64>,
    /// Dropped from the log.
    pub purged: Option<u64>,
    /// The bytes of all entries that were appended since the group was last started.
    pub appended_bytes: u64,
    /// The other members, as the leader sees them; empty on all other nodes.
    pub followers: Vec<Follower>,
    /// Why the group has ended, if it has.
    pub fatal: Option<String>,
}

/// What a node is in a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// It has entries and no vote.
    #[default]
    Learner,
    /// It votes.
    Follower,
    /// It stands for election.
    Candidate,
    /// It leads.
    Leader,
}

/// Another member of the group, as the leader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follower {
    /// Which node.
    pub node: u64,
    /// Whether it votes.
    pub voter: bool,
    /// The last entry that is known to be on its disk.
    pub matched: Option<u64>,
    /// How many entries it lacks.
    pub behind: u64,
    /// How long ago the first entry that it lacks was made, to 50 ms; at most about a minute of steady writing is told
    /// apart. Zero if it lacks none.
    pub late: Duration,
    /// How long ago the last message was sent that it answered; none if it never did.
    pub silence: Option<Duration>,
}

impl Status {
    pub(super) fn of<O: Send + Sync + 'static>(
        metrics: &RaftMetrics<TypeConfig<O>>,
        log: &LogStore,
    ) -> Status {
        Status {
            term: metrics.current_term,
            leader: metrics.current_leader,
            role: role_of(metrics.state),
            last: metrics.last_log_index,
            committed: metrics.local_committed.map(|id| id.index),
            applied: metrics.last_applied.map(|id| id.index),
            durable: log.durable(),
            snapshot: metrics.snapshot.map(|id| id.index),
            purged: metrics.purged.map(|id| id.index),
            appended_bytes: log.appended_bytes(),
            followers: followers(metrics, log),
            fatal: metrics.running_state.as_ref().err().map(ToString::to_string),
        }
    }
}

fn role_of(state: ServerState) -> Role {
    match state {
        ServerState::Learner | ServerState::Shutdown => Role::Learner,
        ServerState::Follower => Role::Follower,
        ServerState::Candidate => Role::Candidate,
        ServerState::Leader => Role::Leader,
    }
}

fn followers<O: Send + Sync + 'static>(
    metrics: &RaftMetrics<TypeConfig<O>>,
    log: &LogStore,
) -> Vec<Follower> {
    let Some(replication) = &metrics.replication else { return Vec::new() };
    let (members, now) = (metrics.membership_config.membership(), Instant::now());
    let others = replication.iter().filter(|&(&node, _)| node != metrics.id);
    others
        .map(|(&node, matched)| {
            let matched = matched.map(|id| id.index);
            let next = |index: Option<u64>| index.map_or(0, |index| index + 1);
            let heard = metrics.heartbeat.as_ref().and_then(|heard| heard.get(&node).copied().flatten());
            Follower {
                node,
                voter: members.voter_ids().any(|voter| voter == node),
                matched,
                behind: next(metrics.last_log_index).saturating_sub(next(matched)),
                late: log.late(matched, now),
                silence: heard.map(|at| at.elapsed()),
            }
        })
        .collect()
}
