//! Giving way to another leader.

use super::error::TransferError;
use super::status::{Follower, Role};
use super::timing::{ELECTION_MAX, LEASE};
use super::{Group, StateMachine};
use openraft::async_runtime::watch::WatchReceiver;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Who leads next lacks no more than this when proposals are stopped: it catches up within the time of an election.
const HEIR_BEHIND_MAX: u64 = 512;
/// How often it is looked whether somebody has caught up.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// How long an heir has; then the next one is asked.
const HEIR_TAKES_OVER_WITHIN: Duration = Duration::from_millis(2 * ELECTION_MAX.as_millis() as u64);

/// The voter that should lead next: the one that was asked for, or else the one with the longest log, if it answers.
pub(super) fn heir(followers: &[Follower], wanted: Option<u64>) -> Option<u64> {
    let fit = followers.iter().filter(|follower| {
        follower.voter
            && wanted.is_none_or(|wanted| wanted == follower.node)
            && follower.behind <= HEIR_BEHIND_MAX
            && follower.silence.is_some_and(|silence| silence < LEASE)
    });
    fit.max_by_key(|follower| (follower.matched, std::cmp::Reverse(follower.node)))
        .map(|follower| follower.node)
}

impl<M: StateMachine> Group<M> {
    /// Lets another node lead: the one that is named, or the voter with the longest log. Gives the new leader.
    ///
    /// From the moment on at which an heir is asked, this node takes no proposals and has no lease in this term; so that
    /// is done only when there is an heir that answers and has nearly everything. What was proposed before is in the
    /// heir's log before it stands for election.
    pub async fn give_way(&self, to: Option<u64>, limit: Duration) -> Result<u64, TransferError> {
        let deadline = Instant::now() + limit;
        let mut asked = false;
        loop {
            let status = self.status();
            if status.fatal.is_some() {
                return Err(TransferError::Stopped);
            }
            if status.role != Role::Leader {
                match status.leader.filter(|&leader| asked && leader != self.node) {
                    Some(leader) => return Ok(leader),
                    None if !asked => return Err(TransferError::NotLeader { leader: status.leader }),
                    None => {}
                }
            } else if let Some(heir) = heir(&status.followers, to) {
                asked = true;
                self.note_giving_way().await?;
                let triggered = self.raft.trigger().transfer_leader(heir).await;
                triggered.map_err(|_| TransferError::Stopped)?;
                self.until_no_leader(HEIR_TAKES_OVER_WITHIN.min(deadline - Instant::now())).await;
            }
            if Instant::now() >= deadline {
                return Err(if asked { TransferError::Late } else { TransferError::NoHeir });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Notes the term in which this node leads now as the one in which it gives way. openraft's task does so right before it
    /// hears of the transfer: what its metrics say may be of an earlier term, which has no lease any more anyway.
    async fn note_giving_way(&self) -> Result<(), TransferError> {
        let note = self.gave_way_in.clone();
        let noted = self.raft.with_raft_state(move |state| {
            note.store(state.vote_ref().leader_id.term, Ordering::Release);
        });
        noted.await.map_err(|_| TransferError::Stopped)
    }

    /// Waits until this node no longer leads.
    async fn until_no_leader(&self, limit: Duration) {
        let mut metrics = self.metrics.clone();
        let gone = metrics.wait_until(|now| !now.state.is_leader());
        // Whether in time or not is looked at afterwards.
        let _ = tokio::time::timeout(limit, gone).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follower(node: u64, matched: u64) -> Follower {
        let (late, silence) = (Duration::ZERO, Some(Duration::ZERO));
        Follower { node, voter: true, matched: Some(matched), behind: 1_000 - matched, late, silence }
    }

    #[test]
    fn the_voter_with_the_longest_log_leads_next() {
        let followers = [follower(2, 990), follower(3, 995), follower(4, 995)];
        assert_eq!(heir(&followers, None), Some(3));
        assert_eq!(heir(&followers, Some(2)), Some(2));
        assert_eq!(heir(&followers, Some(9)), None);
        let unfit = [
            Follower { voter: false, ..follower(2, 999) },
            Follower { silence: Some(LEASE), ..follower(3, 999) },
            Follower { silence: None, ..follower(4, 999) },
            follower(5, 400),
        ];
        assert_eq!(heir(&unfit, None), None);
    }
}
