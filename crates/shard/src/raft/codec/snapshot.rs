//! What goes ahead of a snapshot: one byte of format, then a CBOR map. The receiver knows from it what must arrive.

use super::request::{Envelope, FORMAT};
use super::{Undecodable, from_cbor, position, to_cbor, vote};
use crate::raft::Position;
use crate::raft::types::Vote;
use bytes::{BufMut, Bytes, BytesMut};
use minicbor::bytes::{ByteArray, ByteVec};

/// The head of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::raft) struct Head {
    pub(in crate::raft) envelope: Envelope,
    /// In whose name it is sent.
    pub(in crate::raft) vote: Vote,
    /// The last entry that is in it.
    pub(in crate::raft) position: Position,
    /// The membership at that position, as the log writes it.
    pub(in crate::raft) membership: Option<Bytes>,
    /// How many records there are.
    pub(in crate::raft) records: u64,
    /// The length of all pieces together.
    pub(in crate::raft) bytes: u64,
    /// The SHA-256 of all pieces together.
    pub(in crate::raft) hash: [u8; 32],
}

#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
struct Written {
    #[n(0)]
    from: u64,
    #[n(1)]
    to: u64,
    #[n(2)]
    group: u32,
    #[n(3)]
    vote: vote::Written,
    #[n(4)]
    position: position::Written,
    #[n(5)]
    membership: Option<ByteVec>,
    #[n(6)]
    records: u64,
    #[n(7)]
    bytes: u64,
    #[n(8)]
    hash: ByteArray<32>,
}

/// Writes the head of a snapshot.
pub(in crate::raft) fn encode_snapshot_head(head: &Head) -> Bytes {
    let Envelope { from, to, group } = head.envelope;
    let written = Written {
        from,
        to,
        group,
        vote: head.vote.into(),
        position: head.position.into(),
        membership: head.membership.as_ref().map(|bytes| bytes.to_vec().into()),
        records: head.records,
        bytes: head.bytes,
        hash: head.hash.into(),
    };
    let body = to_cbor(&written);
    let mut message = BytesMut::with_capacity(1 + body.len());
    message.put_u8(FORMAT);
    message.put_slice(&body);
    message.freeze()
}

/// Reads the head of a snapshot.
pub(in crate::raft) fn decode_snapshot_head(message: &[u8]) -> Result<Head, Undecodable> {
    let (&format, body) = message.split_first().ok_or(Undecodable::Cut("head of a snapshot"))?;
    if format != FORMAT {
        return Err(Undecodable::Message(format));
    }
    let Written { from, to, group, vote, position, membership, records, bytes, hash } =
        from_cbor("head of a snapshot", body)?;
    Ok(Head {
        envelope: Envelope { from, to, group },
        vote: vote.into(),
        position: position.into(),
        membership: membership.map(|bytes| Vec::from(bytes).into()),
        records,
        bytes,
        hash: hash.into(),
    })
}
