//! Which messages of other nodes reach openraft: pure.
//!
//! openraft trusts what it is given, and a message that went astray can end a group. So the envelope has to fit: it is
//! for this node and this group, it comes from who sent it, and who sent it speaks in its own name.
//!
//! A node that is not among the members known here may still be one: this replica may have been away while it was made
//! one. A leader shows it by the quorum that elected it. A candidate shows it by a log that goes further than the one
//! here, where the entry may be that made it a voter; if it does not, the candidate was removed, and is not heard.

use super::codec::{Append, Envelope, Request};
use super::types::{LogId, Vote};
use std::collections::BTreeSet;

/// This node and this group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address {
    pub(super) node: u64,
    pub(super) group: u32,
}

/// What a replica knows of its group.
#[derive(Debug)]
pub(super) struct Known {
    /// Voters and learners; nobody where the group has not been heard of yet.
    pub(super) members: BTreeSet<u64>,
    /// The end of the log.
    pub(super) last: Option<LogId>,
}

/// Why a message is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Astray {
    #[error("the message is for another node or group")]
    Address,
    #[error("the message is in the name of another node than its sender")]
    Sender,
    #[error("a leader's message in the name of a vote that no quorum gave")]
    NotElected,
    #[error("a leader sends what a later leader made")]
    LaterLeader,
    #[error("a candidate's message in the name of a vote that it has won already")]
    NotACandidate,
    #[error("the candidate is no member of the group")]
    NotAMember,
}

/// Whether the envelope fits `from`, who sent it, and `vote`, in whose name it speaks.
pub(super) fn envelope_fits(own: Address, from: u64, envelope: Envelope, vote: Vote) -> Result<(), Astray> {
    if envelope.to != own.node || envelope.group != own.group {
        return Err(Astray::Address);
    }
    if envelope.from != from || vote.leader_id.node_id != from || from == own.node {
        return Err(Astray::Sender);
    }
    Ok(())
}

/// Whether a request is handed to openraft. What is known of the group is asked for only where it matters.
pub(super) fn admit(
    own: Address,
    known: impl FnOnce() -> Known,
    from: u64,
    envelope: Envelope,
    request: &Request,
) -> Result<(), Astray> {
    let vote = request.vote();
    envelope_fits(own, from, envelope, vote)?;
    match request {
        Request::Append(_) | Request::Transfer(_) | Request::Audit { .. } | Request::Quarantine { .. }
            if !vote.committed =>
        {
            Err(Astray::NotElected)
        }
        Request::Append(append) if is_of_later_leader(append) => Err(Astray::LaterLeader),
        // What is said of a leader's standing is nothing that anybody may not know.
        Request::Append(_)
        | Request::Transfer(_)
        | Request::Standing(_)
        | Request::Audit { .. }
        | Request::Quarantine { .. } => Ok(()),
        Request::Vote(_) | Request::PreVote(_) if vote.committed => Err(Astray::NotACandidate),
        Request::Vote(ballot) | Request::PreVote(ballot) => {
            let known = known();
            let member = known.members.is_empty() || known.members.contains(&from);
            if member || ballot.last > known.last { Ok(()) } else { Err(Astray::NotAMember) }
        }
    }
}

/// Whether an append names an entry of a later leader than the one in whose name it speaks: a log grows by leaders that
/// follow each other. Entries of one message ascend, which their decoding sees to.
fn is_of_later_leader(append: &Append) -> bool {
    let last = append.entries.last().map(|entry| entry.log_id);
    let named = [append.previous, append.commit, last].into_iter().flatten();
    named.map(|id| id.leader_id).any(|leader| leader > append.vote.leader_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::Position;
    use crate::raft::codec::Ballot;
    use crate::raft::types::Entry;
    use openraft::EntryPayload;

    const OWN: Address = Address { node: 1, group: 7 };
    const TO_ME: Envelope = Envelope { from: 2, to: 1, group: 7 };

    fn at(index: u64) -> Option<LogId> {
        Some(Position { term: 3, node: 1, index }.into())
    }

    fn known(members: &[u64]) -> Known {
        Known { members: members.iter().copied().collect(), last: at(10) }
    }

    fn append(vote: Vote) -> Request {
        Request::Append(Append { vote, previous: None, commit: None, entries: Vec::new() })
    }

    fn ballot(node: u64, last: Option<LogId>) -> Request {
        Request::Vote(Ballot { vote: Vote::new(4, node), last, transfer: false })
    }

    #[test]
    fn what_went_astray_is_refused() {
        let from_two = append(Vote::new_committed(4, 2));
        let check = |from, envelope, request| admit(OWN, || known(&[1, 2, 3]), from, envelope, request);
        assert_eq!(check(2, TO_ME, &from_two), Ok(()));
        assert_eq!(check(2, Envelope { to: 3, ..TO_ME }, &from_two), Err(Astray::Address));
        assert_eq!(check(2, Envelope { group: 8, ..TO_ME }, &from_two), Err(Astray::Address));
        assert_eq!(check(3, TO_ME, &from_two), Err(Astray::Sender), "another sent it");
        assert_eq!(
            check(3, Envelope { from: 3, ..TO_ME }, &from_two),
            Err(Astray::Sender),
            "in another's name"
        );
        let audit = Request::Audit { vote: Vote::new_committed(4, 2), index: 1 };
        assert_eq!(check(2, TO_ME, &audit), Ok(()));
        let own = append(Vote::new_committed(4, 1));
        assert_eq!(check(1, Envelope { from: 1, ..TO_ME }, &own), Err(Astray::Sender), "an echo");
        let by_nobody = Request::Audit { vote: Vote::new(4, 2), index: 1 };
        assert_eq!(check(2, TO_ME, &by_nobody), Err(Astray::NotElected));
        assert_eq!(check(2, TO_ME, &append(Vote::new(4, 2))), Err(Astray::NotElected));
    }

    #[test]
    fn a_leader_sends_nothing_of_a_later_one() {
        let check = |append| admit(OWN, || known(&[1, 2]), 2, TO_ME, &Request::Append(append));
        let append = Append {
            vote: Vote::new_committed(4, 2),
            previous: at(9),
            commit: at(9),
            entries: vec![Entry { log_id: at(10).unwrap(), payload: EntryPayload::Blank }],
        };
        assert_eq!(check(append.clone()), Ok(()));
        let later = |index| Some(LogId::from(Position { term: 4, node: 3, index }));
        let entries = vec![Entry { log_id: later(10).unwrap(), payload: EntryPayload::Blank }];
        for append in [
            Append { previous: later(9), ..append.clone() },
            Append { commit: later(9), ..append.clone() },
            Append { entries, ..append },
        ] {
            assert_eq!(check(append), Err(Astray::LaterLeader));
        }
    }

    #[test]
    fn who_has_won_does_not_ask_for_votes() {
        let won = Ballot { vote: Vote::new_committed(4, 2), last: at(20), transfer: false };
        for request in [Request::Vote(won), Request::PreVote(won)] {
            assert_eq!(admit(OWN, || known(&[1, 2]), 2, TO_ME, &request), Err(Astray::NotACandidate));
        }
    }

    #[test]
    fn a_stranger_is_heard_if_it_may_be_a_member_by_now() {
        let from_nine = Envelope { from: 9, ..TO_ME };
        let members = [1, 2, 3];
        let check = |members: &[u64], request: Request| admit(OWN, || known(members), 9, from_nine, &request);
        assert_eq!(check(&members, append(Vote::new_committed(4, 9))), Ok(()), "a quorum elected it");
        assert_eq!(check(&members, ballot(9, at(11))), Ok(()));
        assert_eq!(check(&members, ballot(9, at(10))), Err(Astray::NotAMember));
        assert_eq!(check(&[], ballot(9, None)), Ok(()), "nobody is known yet");
        assert_eq!(check(&[1, 9], ballot(9, None)), Ok(()));
    }
}
