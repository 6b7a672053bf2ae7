//! What one replica asks another.
//!
//! ```text
//! 0        1      2             6      head length
//! ├────────┼──────┼─────────────┼─ ─ ─ ─ ─ ─┼───────────────────────────────────────────────
//! │ format │ kind │ head length │ head, CBOR │ entries: index u64, term u64, length u32, bytes
//! │   1    │      │   u32 LE    │            │ all LE; the bytes are those of the log
//! ```
//!
//! Entries travel as the log stores them, and are slices of the message at both ends.

use super::{Undecodable, decode_entry, encode_entry, from_cbor, position, to_cbor, vote};
use crate::raft::audit::Charge;
use crate::raft::types::{Entry, LogId, Vote};
use base::Hash;
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The format of messages that this release speaks.
pub(super) const FORMAT: u8 = 1;

const PREFIX: usize = 6;
const ENTRY_HEAD: usize = 20;

const APPEND: u8 = 1;
const VOTE: u8 = 2;
const PRE_VOTE: u8 = 3;
const TRANSFER: u8 = 4;
const STANDING: u8 = 5;
const AUDIT: u8 = 6;
const QUARANTINE: u8 = 7;

/// Who says it to whom, about which group. A message that came to somebody else is never handed to openraft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::raft) struct Envelope {
    pub(in crate::raft) from: u64,
    pub(in crate::raft) to: u64,
    pub(in crate::raft) group: u32,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::raft) enum Request {
    /// Take these entries; none for a heartbeat.
    Append(Append),
    /// Vote for me.
    Vote(Ballot),
    /// Would you vote for me?
    PreVote(Ballot),
    /// Lead in my place.
    Transfer(Transfer),
    /// Do you lead, and how far are you? In the name of who asks.
    Standing(Vote),
    /// What does your state at this entry hash to?
    Audit { vote: Vote, index: u64 },
    /// You are the odd one: take no part any more.
    Quarantine { vote: Vote, charge: Charge },
}

/// Entries for a follower.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::raft) struct Append {
    pub(in crate::raft) vote: Vote,
    /// The entry before the first.
    pub(in crate::raft) previous: Option<LogId>,
    pub(in crate::raft) commit: Option<LogId>,
    pub(in crate::raft) entries: Vec<Entry>,
}

/// A candidate's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::raft) struct Ballot {
    pub(in crate::raft) vote: Vote,
    /// The end of the candidate's log.
    pub(in crate::raft) last: Option<LogId>,
    /// The leader itself asked the candidate to stand.
    pub(in crate::raft) transfer: bool,
}

/// A leader names its successor to all voters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::raft) struct Transfer {
    pub(in crate::raft) vote: Vote,
    pub(in crate::raft) successor: u64,
    /// What the successor must have in its log.
    pub(in crate::raft) last: Option<LogId>,
}

impl Request {
    /// In whose name it is asked: a leader, who wants to be one, or a follower.
    pub(in crate::raft) fn vote(&self) -> Vote {
        match self {
            Request::Append(append) => append.vote,
            Request::Vote(ballot) | Request::PreVote(ballot) => ballot.vote,
            Request::Transfer(transfer) => transfer.vote,
            Request::Standing(vote) => *vote,
            Request::Audit { vote, .. } | Request::Quarantine { vote, .. } => *vote,
        }
    }
}

#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
struct Head {
    #[n(0)]
    from: u64,
    #[n(1)]
    to: u64,
    #[n(2)]
    group: u32,
    #[n(3)]
    vote: vote::Written,
    /// The previous entry of an append; the last one of a candidate or of a leader that gives way.
    #[n(4)]
    log: Option<position::Written>,
    #[n(5)]
    commit: Option<position::Written>,
    #[n(6)]
    transfer: Option<bool>,
    #[n(7)]
    successor: Option<u64>,
    /// The entry of an audit.
    #[n(8)]
    index: Option<u64>,
    #[n(9)]
    rules: Option<u32>,
    /// The hash of the majority.
    #[cbor(n(10), with = "minicbor::bytes")]
    expected: Option<[u8; 32]>,
    /// The hash of who is asked.
    #[cbor(n(11), with = "minicbor::bytes")]
    own: Option<[u8; 32]>,
}

impl Head {
    fn of(Envelope { from, to, group }: Envelope, vote: vote::Written) -> Head {
        let (log, commit, transfer, successor) = (None, None, None, None);
        let (index, rules, expected, own) = (None, None, None, None);
        Head { from, to, group, vote, log, commit, transfer, successor, index, rules, expected, own }
    }

    fn charge(&self) -> Option<Charge> {
        let (expected, own) = (Hash(self.expected?), Hash(self.own?));
        Some(Charge { index: self.index?, rules: self.rules?, expected, own })
    }
}

/// Writes a request.
pub(in crate::raft) fn encode_request(envelope: Envelope, request: &Request) -> Bytes {
    let mut head = Head::of(envelope, request.vote().into());
    let mut entries = Vec::new();
    let kind = match request {
        Request::Append(append) => {
            head.log = append.previous.map(Into::into);
            head.commit = append.commit.map(Into::into);
            entries = append.entries.iter().map(encode_entry).collect();
            APPEND
        }
        Request::Vote(ballot) | Request::PreVote(ballot) => {
            head.log = ballot.last.map(Into::into);
            head.transfer = ballot.transfer.then_some(true);
            if matches!(request, Request::Vote(_)) { VOTE } else { PRE_VOTE }
        }
        Request::Transfer(transfer) => {
            head.log = transfer.last.map(Into::into);
            head.successor = Some(transfer.successor);
            TRANSFER
        }
        Request::Standing(_) => STANDING,
        Request::Audit { index, .. } => {
            head.index = Some(*index);
            AUDIT
        }
        Request::Quarantine { charge, .. } => {
            (head.index, head.rules) = (Some(charge.index), Some(charge.rules));
            (head.expected, head.own) = (Some(charge.expected.0), Some(charge.own.0));
            QUARANTINE
        }
    };
    let head = to_cbor(&head);
    let bytes: usize = entries.iter().map(|entry| ENTRY_HEAD + entry.payload.len()).sum();
    let mut message = BytesMut::with_capacity(PREFIX + head.len() + bytes);
    message.put_u8(FORMAT);
    message.put_u8(kind);
    message.put_u32_le(head.len() as u32);
    message.put_slice(&head);
    for wal::Entry { index, term, payload } in entries {
        message.put_u64_le(index);
        message.put_u64_le(term);
        message.put_u32_le(payload.len() as u32);
        message.put_slice(&payload);
    }
    message.freeze()
}

/// Reads a request.
pub(in crate::raft) fn decode_request(mut message: Bytes) -> Result<(Envelope, Request), Undecodable> {
    let cut = Undecodable::Cut("message");
    let Some(&[format, kind, a, b, c, d]) = message.first_chunk::<PREFIX>() else { return Err(cut) };
    if format != FORMAT {
        return Err(Undecodable::Message(format));
    }
    message.advance(PREFIX);
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > message.len() {
        return Err(cut);
    }
    let head: Head = from_cbor("message", &message.split_to(length))?;
    let charge = head.charge();
    let Head { from, to, group, vote, log, commit, transfer, successor, index, .. } = head;
    let (vote, log) = (Vote::from(vote), log.map(LogId::from));
    let ballot = Ballot { vote, last: log, transfer: transfer == Some(true) };
    let request = match kind {
        APPEND => {
            let (commit, entries) = (commit.map(LogId::from), read_entries(message, log)?);
            Request::Append(Append { vote, previous: log, commit, entries })
        }
        VOTE => Request::Vote(ballot),
        PRE_VOTE => Request::PreVote(ballot),
        TRANSFER => {
            let successor = successor.ok_or(Undecodable::Cut("transfer"))?;
            Request::Transfer(Transfer { vote, successor, last: log })
        }
        STANDING => Request::Standing(vote),
        AUDIT => Request::Audit { vote, index: index.ok_or(Undecodable::Cut("audit"))? },
        QUARANTINE => Request::Quarantine { vote, charge: charge.ok_or(Undecodable::Cut("quarantine"))? },
        unknown => return Err(Undecodable::Kind(unknown)),
    };
    Ok((Envelope { from, to, group }, request))
}

/// Entries that follow each other without a hole, from the one after `previous` on: openraft relies on it.
fn read_entries(mut bytes: Bytes, previous: Option<LogId>) -> Result<Vec<Entry>, Undecodable> {
    let cut = || Undecodable::Cut("entry of a message");
    let mut entries = Vec::new();
    let mut last = previous;
    while bytes.has_remaining() {
        if bytes.len() < ENTRY_HEAD {
            return Err(cut());
        }
        let (index, term) = (bytes.get_u64_le(), bytes.get_u64_le());
        let length = bytes.get_u32_le() as usize;
        if length > bytes.len() {
            return Err(cut());
        }
        let entry = decode_entry(&wal::Entry { index, term, payload: bytes.split_to(length) })?;
        let follows = match last {
            Some(last) => last.index.checked_add(1) == Some(index) && last <= entry.log_id,
            None => index == 0,
        };
        if !follows {
            return Err(Undecodable::Order { index });
        }
        last = Some(entry.log_id);
        entries.push(entry);
    }
    Ok(entries)
}
