//! Moving a replica from one node to another: a learner is added, catches up, is promoted; then the old one is removed. At
//! every moment a quorum of voters has everything.
//!
//! Where a move stands is told by the members alone. So whoever leads can take it up where another left it, and asking
//! twice for the same move does it once.

use super::error::{ChangeError, MoveError};
use super::members::{Change, Members};
use super::{Group, StateMachine};
use std::collections::BTreeSet;
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
    CatchUp(u64),
    GiveWay,
    Done,
}

/// The voters that a move between two nodes leaves.
fn moved(members: &Members, from: u64, to: u64) -> BTreeSet<u64> {
    let present = members.voters.iter().flatten().copied();
    present.chain([to]).filter(|&node| node != from).collect()
}

/// The next step on the way to these voters, seen from the leader. One more votes before another leaves, so that there are
/// never fewer than there were and those that are wanted.
fn next_step(members: &Members, wanted: &BTreeSet<u64>, leader: u64) -> Step {
    let voters = match members.voters.as_slice() {
        [] => return Step::Done,
        [voters] => voters,
        _ if members.stays_voter(leader) => return Step::Change(Change::Settle),
        _ => return Step::GiveWay,
    };
    // Where a replica was to go before. It is away, or it would be wanted still.
    if let Some(&left_over) = members.learners.iter().find(|learner| !wanted.contains(learner)) {
        return Step::Change(Change::Remove(left_over));
    }
    let coming = wanted.iter().find(|node| !voters.contains(node));
    let mut leaving = voters.iter().filter(|node| !wanted.contains(node)).peekable();
    let surplus = voters.len() > wanted.len() && leaving.peek().is_some();
    match coming.filter(|_| !surplus) {
        Some(&node) if members.learners.contains(&node) => Step::CatchUp(node),
        Some(&node) => Step::Change(Change::AddLearner(node)),
        // The leader goes last: whoever leads after it takes up from there.
        None => match leaving.min_by_key(|&&node| (node == leader, node)) {
            Some(&node) if node == leader => Step::GiveWay,
            Some(&node) => Step::Change(Change::Remove(node)),
            None => Step::Done,
        },
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
        self.move_on(|members| moved(members, from, to), progress).await
    }

    /// Makes these nodes the voters and nobody else a member; asked of the leader. Those that are new hold nothing of the
    /// group yet and wait for a leader. Where it ends early, the same call takes up from there.
    pub async fn become_voters(
        &self,
        wanted: &BTreeSet<u64>,
        progress: &watch::Sender<Progress>,
    ) -> Result<(), MoveError> {
        if wanted.is_empty() {
            return Err(ChangeError::Refused("a group without voters is none".to_owned()).into());
        }
        self.move_on(|_| wanted.clone(), progress).await
    }

    async fn move_on(
        &self,
        wanted: impl Fn(&Members) -> BTreeSet<u64>,
        progress: &watch::Sender<Progress>,
    ) -> Result<(), MoveError> {
        loop {
            let members = self.members();
            let change = match next_step(&members, &wanted(&members), self.node) {
                Step::Change(change) => change,
                Step::CatchUp(node) => {
                    self.catch_up(node, progress).await?;
                    Change::Promote(node)
                }
                Step::GiveWay => {
                    progress.send_replace(Progress::GivingWay);
                    let leader = self.give_way(None, GIVE_WAY_WITHIN).await?;
                    return Err(MoveError::HandedOver { leader });
                }
                Step::Done => {
                    self.leads()?;
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

    /// Who does not lead may have heard of fewer changes than there were.
    fn leads(&self) -> Result<(), ChangeError> {
        let status = self.status();
        if status.role == super::Role::Leader {
            return Ok(());
        }
        Err(ChangeError::NotLeader { leader: status.leader })
    }

    /// Waits until a learner has what the leader has, but for the last entries.
    async fn catch_up(&self, node: u64, progress: &watch::Sender<Progress>) -> Result<(), MoveError> {
        let mut quiet = Duration::ZERO;
        loop {
            let status = self.status();
            let learner = status.followers.iter().find(|follower| follower.node == node);
            let matched = learner.and_then(|learner| learner.matched);
            progress.send_replace(Progress::CatchingUp { matched, last: status.last });
            self.leads()?;
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
        let check = |voters: &[&[u64]], learners: &[u64], leader| {
            let members = members(voters, learners);
            next_step(&members, &moved(&members, 3, 4), leader)
        };
        assert_eq!(check(&[&[1, 2, 3]], &[], 1), Step::Change(Change::AddLearner(4)));
        assert_eq!(check(&[&[1, 2, 3]], &[4], 1), Step::CatchUp(4));
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

    #[test]
    fn voters_come_and_go_one_by_one_until_they_are_those_that_are_wanted() {
        for (from, to) in [
            (&[1, 2, 3][..], &[4, 5, 6][..]),
            (&[1], &[1, 2, 3]),
            (&[1, 2, 3, 4, 5], &[4, 5, 6]),
            (&[1, 2, 3], &[1, 2, 3]),
            (&[1, 2], &[3]),
        ] {
            let wanted = BTreeSet::from_iter(to.iter().copied());
            let (mut now, mut leader) = (members(&[from], &[9]), from[0]);
            let mut steps = 0;
            loop {
                let voters = &mut now.voters[0];
                match next_step(
                    &members(&[&Vec::from_iter(voters.clone())], &Vec::from_iter(now.learners.clone())),
                    &wanted,
                    leader,
                ) {
                    Step::Change(Change::AddLearner(node)) => assert!(now.learners.insert(node)),
                    Step::CatchUp(node) => {
                        assert!(now.learners.remove(&node) && voters.insert(node));
                    }
                    Step::Change(Change::Remove(node)) => {
                        assert_ne!(node, leader);
                        assert!(voters.remove(&node) || now.learners.remove(&node));
                    }
                    Step::GiveWay => leader = *voters.iter().find(|node| wanted.contains(node)).unwrap(),
                    Step::Done => break,
                    step => panic!("{step:?}"),
                }
                assert!(now.voters[0].len() >= from.len().min(to.len()) && now.voters[0].contains(&leader));
                steps += 1;
                assert!(steps < 30, "{from:?} never becomes {to:?}");
            }
            assert_eq!((&now.voters[0], now.learners.len()), (&wanted, 0));
        }
    }
}
