//! How a group is, for probes, metrics and the scheduler.

use super::types::TypeConfig;
use openraft::RaftMetrics;

/// Where a group stands. Indexes are of the last entry in that state; none before the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The present term.
    pub term: u64,
    /// Who leads, as far as this node knows.
    pub leader: Option<u64>,
    /// The end of the log.
    pub last: Option<u64>,
    /// Agreed upon by a quorum.
    pub committed: Option<u64>,
    /// Applied to the state machine.
    pub applied: Option<u64>,
    /// In the last snapshot.
    pub snapshot: Option<u64>,
    /// Dropped from the log.
    pub purged: Option<u64>,
    /// The bytes of all entries that were appended since the group was last started.
    pub appended_bytes: u64,
    /// Why the group has ended, if it has.
    pub fatal: Option<String>,
}

impl Status {
    pub(super) fn of<O: Send + Sync + 'static>(
        metrics: &RaftMetrics<TypeConfig<O>>,
        appended_bytes: u64,
    ) -> Status {
        Status {
            term: metrics.current_term,
            leader: metrics.current_leader,
            last: metrics.last_log_index,
            committed: metrics.local_committed.map(|id| id.index),
            applied: metrics.last_applied.map(|id| id.index),
            snapshot: metrics.snapshot.map(|id| id.index),
            purged: metrics.purged.map(|id| id.index),
            appended_bytes,
            fatal: metrics.running_state.as_ref().err().map(ToString::to_string),
        }
    }
}
