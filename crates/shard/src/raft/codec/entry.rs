//! An entry of the log: what the shared log stores as its payload. Term and index stand beside it.
//!
//! ```text
//! 0        1      2            4             12        head length
//! ├────────┼──────┼────────────┼─────────────┼─ ─ ─ ─ ─┼──────────────
//! │ format │ kind │ head length│ leader node │ unknown │ body
//! │   1    │      │  u16 LE    │   u64 LE    │ skipped │
//! ```
//!
//! The body of commands is passed on as a slice of the bytes that were read, never copied.

use super::{Undecodable, decode_membership, encode_membership};
use crate::raft::Position;
use crate::raft::types::{Entry, LogId, Payload, StoredMembership};
use bytes::{BufMut, Bytes, BytesMut};
use openraft::EntryPayload;

/// The format that this release writes.
pub(super) const FORMAT: u8 = 1;

const HEAD: usize = 12;
const BLANK: u8 = 0;
const COMMANDS: u8 = 1;
const MEMBERSHIP: u8 = 2;
const AUDIT: u8 = 3;

/// An entry as the shared log stores it.
pub(in crate::raft) fn encode_entry(entry: &Entry) -> wal::Entry {
    let leader = entry.log_id.leader_id;
    let payload = match &entry.payload {
        EntryPayload::Blank => with_head(BLANK, leader.node_id, &[]),
        EntryPayload::Normal(Payload::Commands(commands)) => with_head(COMMANDS, leader.node_id, commands),
        EntryPayload::Normal(Payload::Audit) => with_head(AUDIT, leader.node_id, &[]),
        EntryPayload::Membership(membership) => {
            let stored = StoredMembership::new(Some(entry.log_id), membership.clone());
            with_head(MEMBERSHIP, leader.node_id, &encode_membership(&stored))
        }
    };
    wal::Entry { index: entry.log_id.index, term: leader.term, payload }
}

/// An entry as openraft knows it.
pub(in crate::raft) fn decode_entry(stored: &wal::Entry) -> Result<Entry, Undecodable> {
    let head = Head::read(&stored.payload)?;
    let body = stored.payload.slice(head.len..);
    let payload = match head.kind {
        BLANK => EntryPayload::Blank,
        COMMANDS => EntryPayload::Normal(Payload::Commands(body)),
        AUDIT => EntryPayload::Normal(Payload::Audit),
        MEMBERSHIP => EntryPayload::Membership(decode_membership(&body)?.membership().clone()),
        unknown => return Err(Undecodable::Kind(unknown)),
    };
    Ok(Entry { log_id: head.log_id(stored), payload })
}

/// Only the position of an entry.
pub(in crate::raft) fn decode_position(stored: &wal::Entry) -> Result<Position, Undecodable> {
    Ok(Head::read(&stored.payload)?.log_id(stored).into())
}

fn with_head(kind: u8, node: u64, body: &[u8]) -> Bytes {
    let mut payload = BytesMut::with_capacity(HEAD + body.len());
    payload.put_u8(FORMAT);
    payload.put_u8(kind);
    payload.put_u16_le(HEAD as u16);
    payload.put_u64_le(node);
    payload.put_slice(body);
    payload.freeze()
}

struct Head {
    kind: u8,
    len: usize,
    node: u64,
}

impl Head {
    fn read(payload: &[u8]) -> Result<Head, Undecodable> {
        let short = Undecodable::Short { len: payload.len() };
        let Some((&[format, kind, low, high, ref node @ ..], _)) = payload.split_first_chunk::<HEAD>() else {
            return Err(short);
        };
        if format != FORMAT {
            return Err(Undecodable::Format(format));
        }
        let len = usize::from(u16::from_le_bytes([low, high]));
        if len < HEAD || len > payload.len() {
            return Err(short);
        }
        Ok(Head { kind, len, node: u64::from_le_bytes(*node) })
    }

    fn log_id(&self, stored: &wal::Entry) -> LogId {
        Position { term: stored.term, node: self.node, index: stored.index }.into()
    }
}
