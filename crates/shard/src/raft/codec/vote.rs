//! A vote: whom this node voted for in the highest term that it has seen, and whether a quorum agreed.

use super::{Undecodable, from_cbor, to_cbor};
use crate::raft::types::{LeaderId, Vote};
use bytes::Bytes;

#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
struct Written {
    #[n(0)]
    term: u64,
    #[n(1)]
    node: u64,
    #[n(2)]
    committed: bool,
}

/// Writes a vote.
pub(in crate::raft) fn encode_vote(vote: &Vote) -> Bytes {
    let LeaderId { term, node_id } = vote.leader_id;
    to_cbor(&Written { term, node: node_id, committed: vote.committed })
}

/// Reads a vote.
pub(in crate::raft) fn decode_vote(bytes: &[u8]) -> Result<Vote, Undecodable> {
    let Written { term, node, committed } = from_cbor("vote", bytes)?;
    Ok(Vote { leader_id: LeaderId { term, node_id: node }, committed })
}
