//! Who belongs to a group, and changing that.
//!
//! Every change names the membership that it was decided on, and is refused if there is another by then: two controllers
//! cannot undo each other's work unseen. A change of voters goes through a joint quorum of the old and the new ones, which
//! openraft sees to. Ids are never used twice: a node that lost its log would vote against its own promises.

use super::error::ChangeError;
use super::types::StoredMembership;
use super::{Group, Position, StateMachine};
use openraft::async_runtime::watch::WatchReceiver;
use openraft::errors::{ChangeMembershipError, ClientWriteError, RaftError};
use openraft::{BasicNode, ChangeMembers, Precondition};
use std::collections::{BTreeMap, BTreeSet};

/// The members of a group, as this node last heard. What is newest may not be agreed upon yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// The entry that made them so; none in a group that was not founded.
    pub set_at: Option<Position>,
    /// The sets of voters: one, or two while they change, and then a quorum of each is needed.
    pub voters: Vec<BTreeSet<u64>>,
    /// Who has the entries and no vote.
    pub learners: BTreeSet<u64>,
}

impl Members {
    fn of(membership: &StoredMembership) -> Members {
        Members {
            set_at: membership.log_id().map(Position::from),
            voters: membership.get_joint_config().clone(),
            learners: membership.membership().learner_ids().collect(),
        }
    }

    /// Whether a node votes.
    pub fn is_voter(&self, node: u64) -> bool {
        self.voters.iter().any(|set| set.contains(&node))
    }

    /// Whether a node votes when a change that is half done has come to its end.
    pub(super) fn stays_voter(&self, node: u64) -> bool {
        self.voters.last().is_some_and(|set| set.contains(&node))
    }
}

/// A change of the members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new node gets the entries. Its id was never used in this group before.
    AddLearner(u64),
    /// A learner that has caught up votes from now on.
    Promote(u64),
    /// A node leaves for good: its id does not come back. A leader gives way before it is removed.
    Remove(u64),
    /// A change of voters that a leader left half done is brought to its end. A leader that will not vote then gives way
    /// before.
    Settle,
}

impl<M: StateMachine> Group<M> {
    /// The members of the group, as this node last heard.
    pub fn members(&self) -> Members {
        Members::of(&self.metrics.borrow_watched().membership_config)
    }

    /// Changes the members, if they are still those set at `seen`, and waits until that is agreed upon.
    pub async fn change_members(
        &self,
        change: Change,
        seen: Option<Position>,
    ) -> Result<Members, ChangeError> {
        let members = self.members();
        if members.set_at != seen {
            return Err(ChangeError::Conflict);
        }
        if let Some(why) = senseless(&members, &change, self.node) {
            return Err(ChangeError::Refused(why));
        }
        let changes = match change {
            Change::AddLearner(node) => {
                ChangeMembers::AddNodes(BTreeMap::from([(node, BasicNode::default())]))
            }
            Change::Promote(node) => ChangeMembers::AddVoterIds(BTreeSet::from([node])),
            Change::Remove(node) if members.is_voter(node) => {
                ChangeMembers::RemoveVoters(BTreeSet::from([node]))
            }
            Change::Remove(node) => ChangeMembers::RemoveNodes(BTreeSet::from([node])),
            Change::Settle => ChangeMembers::AddVoterIds(BTreeSet::new()),
        };
        let unchanged = Precondition::LastMembershipLogId { last_membership_log_id: seen.map(Into::into) };
        // Who is removed from the voters does not stay as a learner.
        let changed = self.raft.change_membership_if(changes, false, [unchanged]).await;
        let set_at = changed.map_err(refusal)?.log_id;
        let applied =
            |now: &openraft::RaftMetrics<_>| now.membership_config.log_id().is_some_and(|at| at >= set_at);
        let seen = self.raft.wait(None).metrics(applied, "the changed membership").await;
        seen.map(|now| Members::of(&now.membership_config)).map_err(|_| ChangeError::Unknown)
    }
}

/// Why a change makes no sense for these members; none if it does.
fn senseless(members: &Members, change: &Change, leader: u64) -> Option<String> {
    let joint = members.voters.len() > 1;
    match *change {
        Change::Settle if joint && members.stays_voter(leader) => None,
        Change::Settle if joint => Some(format!("node {leader} leads and leaves; let it give way first")),
        Change::Settle => Some("nothing is half done".to_owned()),
        _ if joint => Some("the voters are being changed; settle that first".to_owned()),
        Change::AddLearner(node) if members.is_voter(node) || members.learners.contains(&node) => {
            Some(format!("node {node} is a member already"))
        }
        Change::Promote(node) if !members.learners.contains(&node) => {
            Some(format!("node {node} is no learner"))
        }
        Change::Remove(node) if node == leader => {
            Some(format!("node {node} leads; let it give way before it is removed"))
        }
        Change::Remove(node) if !members.is_voter(node) && !members.learners.contains(&node) => {
            Some(format!("node {node} is no member"))
        }
        Change::AddLearner(_) | Change::Promote(_) | Change::Remove(_) => None,
    }
}

type Failed<C> = RaftError<C, ClientWriteError<C>>;

fn refusal<O: Send + Sync + 'static>(error: Failed<super::types::TypeConfig<O>>) -> ChangeError {
    let error = match error {
        RaftError::APIError(error) => error,
        RaftError::Fatal(_) => return ChangeError::Unknown,
    };
    match error {
        ClientWriteError::ForwardToLeader(forward) => ChangeError::NotLeader { leader: forward.leader_id },
        ClientWriteError::LogEntryDiscarded(_) => ChangeError::Unknown,
        ClientWriteError::PreconditionFailed(_) => ChangeError::Conflict,
        ClientWriteError::ChangeMembershipError(ChangeMembershipError::InProgress(_)) => {
            ChangeError::Conflict
        }
        ClientWriteError::ChangeMembershipError(error) => ChangeError::Refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused() {
        let members =
            Members { set_at: None, voters: vec![BTreeSet::from([1, 2, 3])], learners: BTreeSet::from([4]) };
        let check = |change| senseless(&members, &change, 1).is_none();
        assert!(check(Change::AddLearner(5)) && check(Change::Promote(4)));
        assert!(check(Change::Remove(2)) && check(Change::Remove(4)));
        assert!(!check(Change::Settle), "nothing is half done");
        assert!(!check(Change::AddLearner(4)) && !check(Change::AddLearner(3)), "members already");
        assert!(!check(Change::Promote(5)) && !check(Change::Promote(2)), "no learners");
        assert!(!check(Change::Remove(1)), "the leader");
        assert!(!check(Change::Remove(9)), "no member");
        let joint =
            Members { voters: vec![BTreeSet::from([1, 2]), BTreeSet::from([1, 3])], ..members.clone() };
        assert!(senseless(&joint, &Change::Promote(4), 1).is_some());
        assert!(senseless(&joint, &Change::Settle, 1).is_none());
        assert!(senseless(&joint, &Change::Settle, 2).is_some(), "it would lead without a vote");
    }
}
