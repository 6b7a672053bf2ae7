//! A position: the last committed and the last purged entry are kept as one.

use super::{Undecodable, from_cbor, to_cbor};
use crate::raft::Position;
use crate::raft::types::LogId;
use bytes::Bytes;

#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub(super) struct Written {
    #[n(0)]
    term: u64,
    #[n(1)]
    node: u64,
    #[n(2)]
    index: u64,
}

impl From<Position> for Written {
    fn from(position: Position) -> Written {
        let Position { term, node, index } = position;
        Written { term, node, index }
    }
}

impl From<Written> for Position {
    fn from(written: Written) -> Position {
        let Written { term, node, index } = written;
        Position { term, node, index }
    }
}

impl From<LogId> for Written {
    fn from(id: LogId) -> Written {
        Position::from(id).into()
    }
}

impl From<Written> for LogId {
    fn from(written: Written) -> LogId {
        Position::from(written).into()
    }
}

/// Writes a position.
pub(in crate::raft) fn encode_position(position: Position) -> Bytes {
    to_cbor(&Written::from(position))
}

/// Reads a position.
pub(in crate::raft) fn decode_position(bytes: &[u8]) -> Result<Position, Undecodable> {
    from_cbor::<Written>("position", bytes).map(Position::from)
}
