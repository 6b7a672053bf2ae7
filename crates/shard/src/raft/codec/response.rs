//! What a replica answers: one byte of format, then a CBOR map.

use super::request::FORMAT;
use super::{Undecodable, from_cbor, position, to_cbor, vote};
use crate::raft::audit::{Answer, Digest};
use crate::raft::types::{LogId, Vote};
use base::Hash;
use bytes::{BufMut, Bytes, BytesMut};

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::raft) enum Response {
    /// To an append.
    Appended(Appended),
    /// To a request for a vote, or for the promise of one.
    Voted {
        /// The vote of who answers, as it is now.
        vote: Vote,
        granted: bool,
        last: Option<LogId>,
    },
    /// To a transfer: whether it was taken up.
    Transferred { accepted: bool, vote: Vote, last: Option<LogId> },
    /// To a snapshot: the vote of who answers. It was taken in if that is the sender's own.
    Installed { vote: Vote },
    /// To the question how far the leader is: what it has applied, if it leads.
    Standing(Option<u64>),
    /// To a question for the hash of the state at an entry.
    Audited(Answer),
    /// To the word that this replica is the odd one: it goes.
    Quarantined,
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::raft) enum Appended {
    /// All of it is in the log.
    All,
    /// Only what goes up to here.
    Upto(Option<LogId>),
    /// The log has another entry, or none, where the previous one should be.
    Conflict,
    /// Somebody with a higher vote leads, or will.
    HigherVote(Vote),
}

const ALL: u8 = 1;
const UPTO: u8 = 2;
const CONFLICT: u8 = 3;
const HIGHER_VOTE: u8 = 4;
const VOTED: u8 = 5;
const TRANSFERRED: u8 = 6;
const INSTALLED: u8 = 7;
const STANDING: u8 = 8;
const AUDITED: u8 = 9;
const QUARANTINED: u8 = 10;

#[derive(Default, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
struct Written {
    #[n(0)]
    kind: u8,
    #[n(1)]
    vote: Option<vote::Written>,
    #[n(2)]
    log: Option<position::Written>,
    #[n(3)]
    yes: Option<bool>,
    #[n(4)]
    index: Option<u64>,
    #[n(5)]
    rules: Option<u32>,
    #[cbor(n(6), with = "minicbor::bytes")]
    hash: Option<[u8; 32]>,
}

/// Writes a response.
pub(in crate::raft) fn encode_response(response: &Response) -> Bytes {
    let of = |kind| Written { kind, ..Written::default() };
    let with = |kind, vote: Vote| Written { vote: Some(vote.into()), ..of(kind) };
    let written = match *response {
        Response::Appended(Appended::All) => of(ALL),
        Response::Appended(Appended::Upto(log)) => Written { log: log.map(Into::into), ..of(UPTO) },
        Response::Appended(Appended::Conflict) => of(CONFLICT),
        Response::Appended(Appended::HigherVote(vote)) => with(HIGHER_VOTE, vote),
        Response::Voted { vote, granted, last } => {
            Written { log: last.map(Into::into), yes: Some(granted), ..with(VOTED, vote) }
        }
        Response::Transferred { accepted, vote, last } => {
            Written { log: last.map(Into::into), yes: Some(accepted), ..with(TRANSFERRED, vote) }
        }
        Response::Installed { vote } => with(INSTALLED, vote),
        Response::Standing(index) => Written { index, ..of(STANDING) },
        Response::Audited(Answer::Hashed(Digest { rules, hash })) => {
            Written { rules: Some(rules), hash: Some(hash.0), ..of(AUDITED) }
        }
        // Without a hash: whether one will come.
        Response::Audited(Answer::Later) => Written { yes: Some(true), ..of(AUDITED) },
        Response::Audited(Answer::Never) => Written { yes: Some(false), ..of(AUDITED) },
        Response::Quarantined => of(QUARANTINED),
    };
    let body = to_cbor(&written);
    let mut message = BytesMut::with_capacity(1 + body.len());
    message.put_u8(FORMAT);
    message.put_slice(&body);
    message.freeze()
}

/// Reads a response.
pub(in crate::raft) fn decode_response(message: &[u8]) -> Result<Response, Undecodable> {
    let cut = || Undecodable::Cut("answer");
    let (&format, body) = message.split_first().ok_or_else(cut)?;
    if format != FORMAT {
        return Err(Undecodable::Message(format));
    }
    let Written { kind, vote, log, yes, index, rules, hash } = from_cbor("answer", body)?;
    let (vote, log) = (vote.map(Vote::from).ok_or_else(cut), log.map(LogId::from));
    Ok(match kind {
        ALL => Response::Appended(Appended::All),
        UPTO => Response::Appended(Appended::Upto(log)),
        CONFLICT => Response::Appended(Appended::Conflict),
        HIGHER_VOTE => Response::Appended(Appended::HigherVote(vote?)),
        VOTED => Response::Voted { vote: vote?, granted: yes.ok_or_else(cut)?, last: log },
        TRANSFERRED => Response::Transferred { accepted: yes.ok_or_else(cut)?, vote: vote?, last: log },
        INSTALLED => Response::Installed { vote: vote? },
        STANDING => Response::Standing(index),
        AUDITED => Response::Audited(match (rules, hash) {
            (Some(rules), Some(hash)) => Answer::Hashed(Digest { rules, hash: Hash(hash) }),
            (None, None) if yes.ok_or_else(cut)? => Answer::Later,
            (None, None) => Answer::Never,
            _ => return Err(cut()),
        }),
        QUARANTINED => Response::Quarantined,
        unknown => return Err(Undecodable::Kind(unknown)),
    })
}
