//! Who votes and who only learns, and which entry said so.

use super::{Undecodable, from_cbor, position, to_cbor};
use crate::raft::Position;
use crate::raft::types::{LogId, Membership, StoredMembership};
use bytes::Bytes;
use openraft::BasicNode;
use std::collections::{BTreeMap, BTreeSet};

#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
struct Written {
    /// The entry that set it.
    #[n(0)]
    set_at: Option<position::Written>,
    /// The sets of voters: one, or two while they change. A quorum of each is needed.
    #[n(1)]
    voters: Vec<BTreeSet<u64>>,
    /// Every node, voters and learners.
    #[n(2)]
    nodes: Vec<Node>,
}

#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
struct Node {
    #[n(0)]
    id: u64,
    #[n(1)]
    address: String,
}

/// Writes a membership.
pub(in crate::raft) fn encode_membership(stored: &StoredMembership) -> Bytes {
    to_cbor(&Written {
        set_at: stored.log_id().map(|id| Position::from(id).into()),
        voters: stored.membership().get_joint_config().clone(),
        nodes: stored.nodes().map(|(&id, node)| Node { id, address: node.addr.clone() }).collect(),
    })
}

/// Reads a membership.
pub(in crate::raft) fn decode_membership(bytes: &[u8]) -> Result<StoredMembership, Undecodable> {
    let Written { set_at, voters, nodes } = from_cbor("membership", bytes)?;
    let nodes: BTreeMap<_, _> =
        nodes.into_iter().map(|Node { id, address }| (id, BasicNode::new(address))).collect();
    let membership =
        Membership::new(voters, nodes).map_err(|error| Undecodable::Membership(error.to_string()))?;
    Ok(StoredMembership::new(set_at.map(|written| LogId::from(Position::from(written))), membership))
}
