//! A vote: whom this node voted for in the highest term that it has seen, and whether a quorum agreed.

use super::{Undecodable, from_cbor, to_cbor};
use crate::raft::types::{LeaderId, Vote};
use bytes::Bytes;

#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub(super) struct Written {
    #[n(0)]
    term: u64,
    #[n(1)]
    node: u64,
    #[n(2)]
    committed: bool,
}

impl From<Vote> for Written {
    fn from(vote: Vote) -> Written {
        let LeaderId { term, node_id } = vote.leader_id;
        Written { term, node: node_id, committed: vote.committed }
    }
}

impl From<Written> for Vote {
    fn from(Written { term, node, committed }: Written) -> Vote {
        Vote { leader_id: LeaderId { term, node_id: node }, committed }
    }
}

/// Writes a vote.
pub(in crate::raft) fn encode_vote(vote: &Vote) -> Bytes {
    to_cbor(&Written::from(*vote))
}

/// Reads a vote.
pub(in crate::raft) fn decode_vote(bytes: &[u8]) -> Result<Vote, Undecodable> {
    from_cbor::<Written>("vote", bytes).map(Vote::from)
}
