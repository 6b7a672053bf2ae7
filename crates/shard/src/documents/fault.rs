//! What goes wrong between a request and the store, and what its sender is told.

use crate::raft::{ProposeError, ReadError};
use crate::store::{RecordError, StoreError};
use base::{Limits, NodeId, ShardId};
use crdt::EditError;
use rpc::{LimitKind, Refusal};
use std::time::Duration;

/// A failure below a request.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored of this document does not open. Only this document suffers.
    #[error("{0}")]
    Damaged(String),
    /// Automerge panics on this document.
    #[error("the stored document cannot be opened, and is in quarantine until it is restored")]
    Quarantined,
    /// The work was given up.
    #[error(transparent)]
    Lost(#[from] super::workers::WorkLost),
}

impl Fault {
    /// What is stored of a document does not open.
    pub fn damaged(what: impl Into<String>) -> Fault {
        Fault::Damaged(what.into())
    }
}

impl From<RecordError> for Fault {
    fn from(error: RecordError) -> Fault {
        Fault::Damaged(error.to_string())
    }
}

impl From<vault::OpenError> for Fault {
    fn from(error: vault::OpenError) -> Fault {
        Fault::Damaged(format!("a sealed record {error}"))
    }
}

impl From<crdt::LoadError> for Fault {
    fn from(error: crdt::LoadError) -> Fault {
        match error {
            crdt::LoadError::Poisoned => Fault::Quarantined,
            error => Fault::Damaged(chain(&error)),
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        match fault {
            Fault::Damaged(reason)
            | Fault::Store(StoreError::Record(RecordError::Damaged { reason, .. })) => {
                Refusal::Damaged { reason }
            }
            Fault::Quarantined => Refusal::Damaged { reason: fault.to_string() },
            fault => Refusal::Internal { reason: chain(&fault) },
        }
    }
}

/// An error and what it comes from, as one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}

/// How long to wait before a shard that does not serve is asked again.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A proposal that has no outcome.
pub fn unproposed(shard: ShardId, error: &ProposeError) -> Refusal {
    match error {
        ProposeError::Unknown => Refusal::Unknown { shard },
        ProposeError::NotLeader { leader } => elsewhere(shard, *leader),
        ProposeError::Stopped => unavailable(shard, error.to_string()),
    }
}

/// A read that cannot be made sure of.
pub fn unread(shard: ShardId, error: &ReadError) -> Refusal {
    match error {
        ReadError::NotLeader { leader } => elsewhere(shard, *leader),
        ReadError::NoQuorum | ReadError::Stopped => unavailable(shard, error.to_string()),
    }
}

/// A shard that another node leads; nothing was done here.
pub fn elsewhere(shard: ShardId, leader: Option<u64>) -> Refusal {
    Refusal::Elsewhere { shard, leader: leader.map(NodeId) }
}

/// A shard that does not serve for now.
pub fn unavailable(shard: ShardId, reason: String) -> Refusal {
    Refusal::Unavailable { shard, reason, retry_after: RETRY_AFTER }
}

/// An edit that the document refuses.
pub fn bad_edit(error: EditError, limits: &Limits) -> Refusal {
    use crdt::ContentError;
    let too_large = |what, limit, actual| Refusal::TooLarge { what, limit, actual };
    match error {
        EditError::Heads(crdt::HeadsError::Unknown { unknown }) => {
            Refusal::UnknownHeads { hash: unknown.to_string() }
        }
        EditError::DocumentTooLarge { bytes, limit } => too_large(LimitKind::Document, limit, Some(bytes)),
        EditError::ChangeTooLarge { bytes, limit } => too_large(LimitKind::Change, limit, Some(bytes)),
        EditError::Content(ContentError::TooDeep { .. })
        | EditError::BadValue { source: ContentError::TooDeep { .. }, .. } => {
            too_large(LimitKind::Depth, limits.json_depth, None)
        }
        EditError::Poisoned(_) | EditError::Heads(crdt::HeadsError::Poisoned(_)) => Refusal::Internal {
            reason: "the open document was damaged by the edit; it was dropped".to_owned(),
        },
        error => Refusal::BadEdit { operation: operation(&error), reason: chain(&error) },
    }
}

/// The operation at fault, where one is.
fn operation(error: &EditError) -> Option<usize> {
    match error {
        EditError::BadValue { op, .. }
        | EditError::RootReplaced { op, .. }
        | EditError::TextOnly { op }
        | EditError::NothingThere { op, .. }
        | EditError::WrongType { op, .. }
        | EditError::OutOfRange { op, .. }
        | EditError::SplitsCharacter { op, .. }
        | EditError::CounterOverflow { op, .. } => Some(*op),
        _ => None,
    }
}
