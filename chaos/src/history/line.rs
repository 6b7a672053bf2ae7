//! The lines of a stored history: one JSON object each, and nothing that a later line changes.

use serde::{Deserialize, Serialize};

use super::words::{Answer, ClientId, Document, Kind, Micros, OperationId, ShardId, StateId};
use super::{Closing, Final, Leadership, NodeChange, Replica};
use crate::ledger::Mark;

/// The format that is written, and the only one that is read.
pub const FORMAT: u32 = 1;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Line {
    /// The first line.
    Start {
        /// [`FORMAT`].
        format: u32,
        /// The drill.
        drill: String,
        /// What chose its accidents.
        seed: u64,
    },
    /// An operation is sent for the first time.
    Invoke(Invoke),
    /// An operation is done.
    Ok {
        /// When.
        at: Micros,
        /// Which.
        op: OperationId,
        /// What was said.
        #[serde(flatten)]
        answer: Answer,
    },
    /// An operation is known not to be done.
    Failed {
        /// When.
        at: Micros,
        /// Which.
        op: OperationId,
        /// Why.
        reason: String,
        /// What was said.
        #[serde(flatten)]
        answer: Answer,
    },
    /// An operation has an end that nobody knows.
    Unknown {
        /// When its client gave up.
        at: Micros,
        /// Which.
        op: OperationId,
    },
    /// Marks that somebody saw, as the difference from an earlier state of the document. Sorted, with repetitions.
    State(StateLine),
    /// A node became something else.
    Node(NodeChange),
    /// Somebody saw a node lead.
    Leader(Leadership),
    /// A client's socket is open.
    Opened {
        /// When.
        at: Micros,
        /// Whose.
        client: ClientId,
    },
    /// A client's socket is closed.
    Closed(Closing),
    /// What a document holds when all is over.
    Final(Final),
    /// What a replica has of a document when all is over.
    Replica(Replica),
    /// The last line, without which a history is cut off.
    End {
        /// When.
        at: Micros,
    },
}

/// An operation, when it is sent for the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoke {
    /// When.
    pub at: Micros,
    /// Which; none has the same.
    pub op: OperationId,
    /// Whose.
    pub client: ClientId,
    /// Where, if the client knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardId>,
    /// To what, if the client knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// What is asked.
    #[serde(flatten)]
    pub kind: Kind,
}

/// A state, as a line has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateLine {
    /// Of which document.
    pub document: Document,
    /// Its number; they count from 0.
    pub state: StateId,
    /// The state of the same document that it differs from; otherwise from nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<StateId>,
    /// What is missing, compared with that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<Mark>,
    /// What is there in addition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new: Vec<Mark>,
}
