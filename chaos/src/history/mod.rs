//! What many clients asked and heard, what was done to the nodes meanwhile, and what was left at the end.
//!
//! A [`Recorder`] writes it as lines of JSON while it happens, [`read()`] reads it back and refuses nonsense, and the
//! [checkers](crate::check) judge it. All times are of one monotonic clock. Pure but for the sink and the source.

pub(crate) mod line;
mod read;
mod recorder;
mod show;
mod states;
mod words;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use read::{ReadError, read};
pub use recorder::{Ask, LINES_MAX, Recorder};
pub use states::{Marks, States};
pub use words::{
    Answer, ClientId, Condition, Document, End, Kind, Micros, Operation, OperationId, Revision, ShardId,
    Side, StateId,
};

/// A whole history.
#[derive(Debug, Default)]
pub struct History {
    /// The drill.
    pub drill: String,
    /// What chose its accidents.
    pub seed: u64,
    /// All operations, in the order of their invocations.
    pub operations: Vec<Operation>,
    /// All marks that were seen.
    pub states: States,
    /// What became of the nodes, in the order of time.
    pub nodes: Vec<NodeChange>,
    /// Who was seen to lead, in the order of time.
    pub leaders: Vec<Leadership>,
    /// How many sockets were opened.
    pub sockets: usize,
    /// The sockets that were closed.
    pub closings: Vec<Closing>,
    /// What the documents hold at the end.
    pub finals: Vec<Final>,
    /// What the replicas have at the end.
    pub replicas: Vec<Replica>,
    /// When it was over.
    pub ends: Micros,
}

/// A node became something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeChange {
    /// When.
    pub at: Micros,
    /// Its name.
    pub node: String,
    /// What it became.
    pub became: Condition,
}

/// Somebody saw a node lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leadership {
    /// When.
    pub at: Micros,
    /// What.
    pub shard: ShardId,
    /// In which term.
    pub term: u64,
    /// The node.
    pub node: String,
}

/// A socket was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// When.
    pub at: Micros,
    /// Whose.
    pub client: ClientId,
    /// Who did it.
    pub by: Side,
    /// Why.
    pub reason: String,
}

/// What a document holds at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Final {
    /// Which.
    pub document: Document,
    /// Its marks, if it is there.
    pub state: Option<StateId>,
}

/// What a replica has of a document at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replica {
    /// Which document.
    pub document: Document,
    /// Whose replica.
    pub node: String,
    /// Its heads, if it has the document.
    pub heads: Option<String>,
}
