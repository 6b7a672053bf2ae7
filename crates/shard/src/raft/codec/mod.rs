//! How entries, votes, positions and memberships are written into the log and the store, and the messages between nodes.
//!
//! Every format can grow: an entry's head says how long it is, and the rest are CBOR maps with numbered fields, of which
//! unknown ones are skipped. Decoding is total: bytes of any kind give a value or an [`Undecodable`]. A test compares
//! each format with bytes written down once.

mod entry;
mod membership;
#[cfg(test)]
mod message_tests;
mod position;
mod request;
mod response;
mod snapshot;
#[cfg(test)]
mod tests;
mod vote;

pub(super) use entry::{decode_entry, decode_position as position_of_entry, encode_entry};
pub(super) use membership::{decode_membership, encode_membership};
pub(super) use position::{decode_position, encode_position};
pub(super) use request::{Append, Ballot, Envelope, Request, Transfer, decode_request, encode_request};
pub(super) use response::{Appended, Response, decode_response, encode_response};
pub(super) use snapshot::{Head as SnapshotMessage, decode_snapshot_head, encode_snapshot_head};
pub(super) use vote::{decode_vote, encode_vote};

use std::io;

/// Bytes that no release of this program wrote, or only a newer one.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undecodable {
    /// The head of an entry is cut short.
    #[error("an entry of {len} bytes is too short to hold its head")]
    Short { len: usize },
    /// The entry was written by a newer release.
    #[error("an entry of format {0}: this release reads format {known}; start the newer release again", known = entry::FORMAT)]
    Format(u8),
    /// The entry is of a kind that this release does not know.
    #[error("an entry of unknown kind {0}")]
    Kind(u8),
    /// A message of a newer release.
    #[error("a message of format {0}: this release reads format {known}; upgrade this node", known = request::FORMAT)]
    Message(u8),
    /// A message does not hold what its head names.
    #[error("a {0} that is cut short or lacks a part")]
    Cut(&'static str),
    /// The entries of a message leave a hole, or go back.
    #[error("a message whose entry {index} does not follow the one before it")]
    Order { index: u64 },
    /// The CBOR does not hold what it should.
    #[error("a damaged {what}: {source}")]
    Cbor { what: &'static str, source: minicbor::decode::Error },
    /// The membership contradicts itself.
    #[error("a damaged membership: {0}")]
    Membership(String),
}

impl From<Undecodable> for io::Error {
    fn from(error: Undecodable) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

/// Writes a value as CBOR. Writing to memory cannot fail.
pub(in crate::raft) fn to_cbor<T: minicbor::Encode<()>>(value: &T) -> bytes::Bytes {
    let mut buffer = Vec::with_capacity(64);
    match minicbor::encode(value, &mut buffer) {
        Ok(()) => buffer.into(),
        Err(error) => match error.into_write() {
            Some(never) => match never {},
            None => unreachable!("the derived encoders of this folder make no errors of their own"),
        },
    }
}

/// Reads a value from CBOR; `what` names it in the error.
pub(in crate::raft) fn from_cbor<'b, T: minicbor::Decode<'b, ()>>(
    what: &'static str,
    bytes: &'b [u8],
) -> Result<T, Undecodable> {
    minicbor::decode(bytes).map_err(|source| Undecodable::Cbor { what, source })
}
