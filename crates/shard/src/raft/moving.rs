//! Moving a replica from one node to another: a learner is added, catches up, is promoted; then the old one is removed. At
//! every moment a quorum of voters has everything.
//!
//! Where a move stands is told by the members alone. So whoever leads can take it up where another left it, and asking
//! twice for the same move does it once.

use super::error::MoveError;
use super::members::{Change, Members};
use super::{Group, StateMachine};
use std::time::Duration;
use tokio::sync::watch;

/// A learner that lacks no more entries votes along: what is still missing is on its way.
const CAUGHT_UP_WITHIN: u64 = 128;
/// How often it is looked whether the learner has caught up.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// A learner that is silent for so long is given up; a snapshot that it takes in does not keep it from answering.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// How long the old replica may take to give way as the leader.
const GIVE_WAY_WITHIN: Duration = Duration::from_secs(10);

/// What is being done for a move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// It has not begun.
    #[default]
    Waiting,
    /// The new replica becomes a learner.
    Adding,
    /// It gets what it lacks.
    CatchingUp {
        /// The last entry that is on its disk; none while it takes in a snapshot.
        matched: Option<u64>,
        /// The end of the leader's log.
        last: Option<u64>,
    },
    /// It becomes a voter.
    Promoting,
    /// The old replica leads, and gives way to another.
    GivingWay,
    /// The old replica leaves, or a learner that an earlier move has left behind.
    Removing,
    /// The new replica stands for the old one.
    Done,
}

/// What comes next in a move.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Change(Change),
    CatchUp,
    GiveWay,
    Done,
}

/// The next step of a move between two nodes, seen from the leader.
fn next_step(members: &Members, from: u64, to: u64, leader: u64) -> Step {
    let present = |node| members.is_voter(node) || members.learners.contains(&node);
    if members.voters.len() > 1 {
        return if members.stays_voter(leader) { Step::Change(Change::Settle) } else { Step::GiveWay };
    }
    // Where the replica was to go before. It is away, or the move would go there still.
    if let Some(&left_over) = members.learners.iter().find(|&&learner| learner != to) {
        return Step::Change(Change::Remove(left_over));
    }
    if !present(to) {
        return Step::Change(Change::AddLearner(to));
    }
    if !members.is_voter(to) {
        return Step::CatchUp;
    }
    match present(from) {
        true if from == leader => Step::GiveWay,
        true => Step::Change(Change::Remove(from)),
        false => Step::Done,
    }
}

impl<M: StateMachine> Group<M> {
    /// Moves the replica of node `from` to node `to`, which holds nothing of the group yet and waits for a leader; asked of
    /// the leader. `progress` says how far it is. Where it ends early, the same move takes up from there.
    pub async fn move_replica(
        &self,
        from: u64,
        to: u64,
        progress: &watch::Sender<Progress>,
    ) -> Result<(), MoveError> {
        loop {
            let members = self.members();
            let step = next_step(&members, from, to, self.node);
            let change = match step {
                Step::Change(change) => change,
                Step::CatchUp => {
                    self.catch_up(to, progress).await?;
                    Change::Promote(to)
                }
                Step::GiveWay => {
                    progress.send_replace(Progress::GivingWay);
                    let leader = self.give_way(None, GIVE_WAY_WITHIN).await?;
                    return Err(MoveError::HandedOver { leader });
                }
                Step::Done => {
                    progress.send_replace(Progress::Done);
                    return Ok(());
                }
            };
            progress.send_replace(match change {
                Change::AddLearner(_) => Progress::Adding,
                Change::Promote(_) | Change::Settle => Progress::Promoting,
                Change::Remove(_) => Progress::Removing,
            });
            self.change_members(change, members.set_at).await?;
        }
    }

    /// Waits until a learner has what the leader has, but for the last entries.
    async fn catch_up(&self, node: u64, progress: &watch::Sender<Progress>) -> Result<(), MoveError> {
        let mut quiet = Duration::ZERO;
        loop {
            let status = self.status();
            let learner = status.followers.iter().find(|follower| follower.node == node);
            let matched = learner.and_then(|learner| learner.matched);
            progress.send_replace(Progress::CatchingUp { matched, last: status.last });
            if status.role != super::Role::Leader {
                return Err(super::ChangeError::NotLeader { leader: status.leader }.into());
            }
            if learner.is_some_and(|it| it.matched.is_some() && it.behind <= CAUGHT_UP_WITHIN) {
                return Ok(());
            }
            let heard = learner.and_then(|learner| learner.silence).is_some_and(|it| it < SILENCE_MAX);
            quiet = if heard { Duration::ZERO } else { quiet + LOOK_AGAIN };
            if quiet >= SILENCE_MAX {
                return Err(MoveError::Silent { node });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn members(voters: &[&[u64]], learners: &[u64]) -> Members {
        let set = |nodes: &[u64]| BTreeSet::from_iter(nodes.iter().copied());
        Members {
            set_at: None,
            voters: voters.iter().map(|nodes| set(nodes)).collect(),
            learners: set(learners),
        }
    }

    #[test]
    fn the_members_tell_where_a_move_stands() {
        let check =
            |voters: &[&[u64]], learners: &[u64], leader| next_step(&members(voters, learners), 3, 4, leader);
        assert_eq!(check(&[&[1, 2, 3]], &[], 1), Step::Change(Change::AddLearner(4)));
        assert_eq!(check(&[&[1, 2, 3]], &[4], 1), Step::CatchUp);
        assert_eq!(
            check(&[&[1, 2, 3]], &[5], 1),
            Step::Change(Change::Remove(5)),
            "nobody wants it any more"
        );
        assert_eq!(check(&[&[1, 2, 3]], &[4, 5], 1), Step::Change(Change::Remove(5)));
        assert_eq!(check(&[&[1, 2, 4]], &[5], 1), Step::Change(Change::Remove(5)));
        assert_eq!(check(&[&[1, 2, 3], &[1, 2, 3, 4]], &[], 1), Step::Change(Change::Settle));
        let leaving: &[&[u64]] = &[&[1, 2, 3, 4], &[1, 2, 4]];
        assert_eq!(check(leaving, &[], 1), Step::Change(Change::Settle));
        assert_eq!(check(leaving, &[], 3), Step::GiveWay, "it would lead without a vote");
        assert_eq!(check(&[&[1, 2, 3, 4]], &[], 3), Step::GiveWay);
        assert_eq!(check(&[&[1, 2, 3, 4]], &[], 1), Step::Change(Change::Remove(3)));
        assert_eq!(check(&[&[1, 2, 4]], &[], 1), Step::Done);
    }
}
