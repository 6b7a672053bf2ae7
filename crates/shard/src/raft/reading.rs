//! When a read may be answered here.

use super::error::{ReadError, WaitError};
use super::lease::Leadership;
use super::types::{LeaderId, Vote};
use super::{Group, StateMachine};
use openraft::async_runtime::watch::WatchReceiver;
use openraft::errors::{LinearizableReadError, RaftError};
use openraft::{Instant, ReadPolicy};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

impl<M: StateMachine> Group<M> {
    /// Whether this node may answer a read at once from what it has applied. Cheap: no message to anyone.
    ///
    /// Not in the term in which it gave way to another: the voters are free then to elect whom they like.
    pub fn leads_with_lease(&self) -> bool {
        self.lease_in().is_some()
    }

    /// The term in which it may do so now.
    pub fn lease_in(&self) -> Option<u64> {
        let metrics = self.metrics.borrow_watched();
        let voters = metrics.membership_config.membership().get_joint_config();
        // The vote on disk may still be the one that this node won in an earlier life.
        let present = LeaderId { term: metrics.current_term, node_id: self.node };
        let leadership = Leadership {
            elected: metrics.state.is_leader()
                && metrics.vote == Vote { leader_id: present, committed: true }
                && self.gave_way_in.load(Ordering::Acquire) != present.term,
            caught_up: metrics.last_applied.is_some_and(|applied| applied.leader_id == present),
            alone: only_voter(voters, self.node),
            silence: metrics.last_quorum_acked.map(|at| at.elapsed()),
        };
        let may_read = leadership.may_read() && (leadership.alone || self.suspension.leases_count());
        may_read.then_some(present.term)
    }

    /// The term in which this node leads, with a lease or without.
    pub(super) fn leads_in(&self) -> Option<u64> {
        let metrics = self.metrics.borrow_watched();
        metrics.state.is_leader().then_some(metrics.current_term)
    }

    /// Whether no other node votes.
    pub(super) fn is_alone(&self) -> bool {
        only_voter(self.metrics.borrow_watched().membership_config.membership().get_joint_config(), self.node)
    }

    /// Waits until this node has applied everything that was acknowledged by anyone before the call, if it leads.
    pub async fn read_barrier(&self) -> Result<(), ReadError> {
        match self.raft.ensure_linearizable(ReadPolicy::ReadIndex).await {
            Ok(_) => Ok(()),
            Err(RaftError::APIError(LinearizableReadError::ForwardToLeader(forward))) => {
                Err(ReadError::NotLeader { leader: forward.leader_id })
            }
            Err(RaftError::APIError(LinearizableReadError::QuorumNotEnough(_))) => Err(ReadError::NoQuorum),
            Err(RaftError::Fatal(_)) => Err(ReadError::Stopped),
        }
    }

    /// Waits until this replica has applied the entry at `index`, on any node, but not longer than `limit`.
    pub async fn until_applied(&self, index: u64, limit: Duration) -> Result<(), WaitError> {
        use openraft::metrics::WaitError as Raft;
        match self.raft.wait(Some(limit)).applied_index_at_least(Some(index), "an entry to read").await {
            Ok(_) => Ok(()),
            Err(Raft::Timeout(..)) => Err(WaitError::Late),
            Err(Raft::ShuttingDown) => Err(WaitError::Stopped),
        }
    }
}

/// Whether a node is the only one in all sets of voters, while they change too.
fn only_voter(voters: &[BTreeSet<u64>], node: u64) -> bool {
    !voters.is_empty() && voters.iter().all(|set| set.len() == 1 && set.contains(&node))
}
