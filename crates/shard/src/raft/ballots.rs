//! One vote in a term.
//!
//! A vote of openraft is for a term and a node, and one for a greater node beats another of the same term: two nodes can be
//! elected in one term, one after the other. That is safe, because a position names its leader, too. But a term with two
//! leaders is not what anyone expects who reads a log or a report; so a node that has voted in a term gives no second
//! vote in it, as in Raft's paper. openraft makes up its mind in one place and writes every vote into the log before it
//! answers; there the first one of a term is seen.

use super::types::Vote;

/// The first vote in the highest term.
#[derive(Debug, Default)]
pub(super) struct Ballots {
    first: Option<Vote>,
}

impl Ballots {
    /// Notes a vote that is written, after `before`.
    pub(super) fn note(&mut self, before: Option<Vote>, vote: Vote) {
        let term = |vote: &Vote| vote.leader_id.term;
        let known = self.first.or(before);
        self.first = known.filter(|first| term(first) >= term(&vote)).or(Some(vote));
    }

    /// The vote that was given to another node in the term of `vote`, before that one was.
    pub(super) fn given_before(&self, vote: Vote) -> Option<Vote> {
        self.first.filter(|first| {
            first.leader_id.term == vote.leader_id.term && first.leader_id.node_id != vote.leader_id.node_id
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_vote_of_a_term_counts() {
        let mut ballots = Ballots::default();
        assert_eq!(ballots.given_before(Vote::new(5, 1)), None);
        ballots.note(Some(Vote::new(4, 9)), Vote::new(5, 1));
        assert_eq!(ballots.given_before(Vote::new(5, 1)), None);
        ballots.note(Some(Vote::new(5, 1)), Vote::new(5, 2));
        assert_eq!(ballots.given_before(Vote::new(5, 2)), Some(Vote::new(5, 1)));
        ballots.note(Some(Vote::new(5, 2)), Vote::new_committed(5, 2));
        assert_eq!(ballots.given_before(Vote::new(5, 2)), Some(Vote::new(5, 1)));
        ballots.note(Some(Vote::new_committed(5, 2)), Vote::new(6, 2));
        assert_eq!(ballots.given_before(Vote::new(6, 2)), None);
    }

    #[test]
    fn the_vote_of_an_earlier_life_counts() {
        let mut ballots = Ballots::default();
        ballots.note(Some(Vote::new(5, 1)), Vote::new(5, 2));
        assert_eq!(ballots.given_before(Vote::new(5, 2)), Some(Vote::new(5, 1)));
    }
}
