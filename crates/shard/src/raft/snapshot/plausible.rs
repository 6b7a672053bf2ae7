//! Snapshots that no leader can have made: pure. openraft panics on them, so they are told apart before it sees them.

use crate::raft::types::{LogId, StoredMembership, Vote};

/// What the receiver knows of itself.
#[derive(Clone, Copy, Debug)]
pub(in crate::raft) struct Own {
    /// The end of what it knows to be agreed upon.
    pub(in crate::raft) committed: Option<LogId>,
}

/// Why a snapshot up to `last` in the name of `vote` cannot be; none if it can.
pub(in crate::raft) fn implausible(
    own: Own,
    vote: Vote,
    last: LogId,
    membership: &StoredMembership,
) -> Option<&'static str> {
    if !vote.committed {
        return Some("its sender was not elected");
    }
    if last.leader_id > vote.leader_id {
        return Some("it holds an entry of a later leader than its sender");
    }
    if membership.log_id().is_none_or(|at| at > last) || membership.voter_ids().next().is_none() {
        return Some("its membership is not of its log");
    }
    if own.committed.is_some_and(|committed| last > committed && last.index <= committed.index) {
        return Some("it contradicts what is agreed upon");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::Position;
    use crate::raft::types::Membership;
    use openraft::BasicNode;
    use std::collections::{BTreeMap, BTreeSet};

    fn at(term: u64, index: u64) -> LogId {
        Position { term, node: 1, index }.into()
    }

    fn membership(set_at: Option<LogId>, voters: &[u64]) -> StoredMembership {
        let nodes: BTreeMap<_, _> = voters.iter().map(|&voter| (voter, BasicNode::default())).collect();
        let voters = BTreeSet::from_iter(voters.iter().copied());
        let config = if voters.is_empty() { vec![] } else { vec![voters] };
        StoredMembership::new(set_at, Membership::new(config, nodes).unwrap())
    }

    #[test]
    fn what_openraft_would_panic_on_is_refused() {
        let leader = Vote::new_committed(5, 1);
        let own = |committed| Own { committed };
        let good = membership(Some(at(1, 0)), &[1, 2]);
        let check = |own, vote, last| implausible(own, vote, last, &good);
        assert_eq!(check(own(None), leader, at(5, 9)), None);
        assert_eq!(check(own(Some(at(4, 8))), leader, at(5, 9)), None);
        assert_eq!(check(own(Some(at(5, 10))), leader, at(5, 9)), None, "an old one is only of no use");
        assert!(check(own(None), Vote::new(5, 1), at(5, 9)).is_some());
        assert!(check(own(None), leader, at(6, 9)).is_some());
        assert!(check(own(Some(at(4, 9))), leader, at(5, 9)).is_some(), "two entries in one place");
        assert!(check(own(Some(at(4, 12))), leader, at(5, 9)).is_some(), "shorter than what is agreed upon");
        for bad in
            [membership(None, &[1]), membership(Some(at(5, 10)), &[1]), membership(Some(at(1, 0)), &[])]
        {
            assert!(implausible(own(None), leader, at(5, 9), &bad).is_some());
        }
    }
}
