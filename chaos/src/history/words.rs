//! The words of a history: who did what to which document, when, and what was said about it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ledger::Mark;

/// Microseconds of a monotonic clock since the drill began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub u64);

/// One of the drill's clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(pub u32);

/// One operation of one client, from its first attempt to its last answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(pub u64);

/// A Raft group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShardId(pub u32);

/// A place in a shard's log, as `Hub-Revision` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Revision {
    /// Whose log.
    pub shard: ShardId,
    /// Everything up to here is meant.
    pub index: u64,
}

/// The id of a document, shared by all that speak of it.
pub type Document = Arc<str>;

/// A set of marks that somebody saw, by its place among the states of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StateId(pub u32);

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Creates a document that holds one mark.
    Create {
        /// The mark.
        mark: Mark,
    },
    /// Adds a mark, made at a version and merged with whatever came since.
    Edit {
        /// The mark.
        mark: Mark,
        /// The version that it is made at.
        base: u64,
    },
    /// Adds a mark if the document still has the tag (`If-Match`).
    Swap {
        /// The mark.
        mark: Mark,
        /// The tag.
        tag: String,
    },
    /// A read that sees all that was acknowledged before it began.
    Read,
    /// A read on any replica, which names the least revision that it wants to see (`Hub-At-Least`).
    ReadAt {
        /// The revision; a first read has none to name.
        at_least: Option<Revision>,
    },
    /// Deletes the document for good.
    Delete,
}

/// What an answer says. Nothing in it is required, because some faces of the hub say less than others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The id of a document that was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// The version that is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Its tag, which stands for its heads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The marks that are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<StateId>,
    /// The revision that is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// There is no such document.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It is done.
    Ok {
        /// When its client heard so.
        at: Micros,
        /// What its client heard.
        answer: Answer,
    },
    /// It is known not to be done.
    Failed {
        /// When its client heard so.
        at: Micros,
        /// The reason, for people.
        reason: String,
        /// What its client heard.
        answer: Answer,
    },
    /// Nobody can say. It may take effect at any time after its invocation, or never.
    Unknown {
        /// When its client gave up.
        at: Micros,
    },
}

/// An operation with its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Which.
    pub id: OperationId,
    /// Whose.
    pub client: ClientId,
    /// Where, if the client knew when it asked.
    pub shard: Option<ShardId>,
    /// To what; of a creation only the answer may know.
    pub document: Option<Document>,
    /// What was asked.
    pub kind: Kind,
    /// When it was sent for the first time.
    pub invoked: Micros,
    /// How it ended.
    pub end: End,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It runs, and all others reach it.
    Alive,
    /// It was asked to end, and hands over.
    Stopped,
    /// It was ended with SIGKILL.
    Killed,
    /// It was stopped in its tracks, and will not notice.
    Frozen,
    /// The others do not reach it.
    Cut,
    /// It was killed, and its disk forgot what was not fsynced.
    PowerCut,
}

/// Who closed a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The client itself, as planned.
    Client,
    /// The hub, or the network.
    Hub,
}

impl Micros {
    /// The time from `earlier` to here; zero if it is not earlier.
    pub fn since(self, earlier: Micros) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }

    /// In seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Kind {
    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        self.mark().is_some() || *self == Kind::Delete
    }

    /// The mark that it puts into a document.
    pub fn mark(&self) -> Option<Mark> {
        match self {
            Kind::Create { mark } | Kind::Edit { mark, .. } | Kind::Swap { mark, .. } => Some(*mark),
            Kind::Read | Kind::ReadAt { .. } | Kind::Delete => None,
        }
    }
}

impl Operation {
    /// When it ended, whichever way.
    pub fn ended(&self) -> Micros {
        match self.end {
            End::Ok { at, .. } | End::Failed { at, .. } | End::Unknown { at } => at,
        }
    }

    /// Its answer, if it was done.
    pub fn ok(&self) -> Option<&Answer> {
        match &self.end {
            End::Ok { answer, .. } => Some(answer),
            End::Failed { .. } | End::Unknown { .. } => None,
        }
    }

    /// What its client heard, if it heard anything.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.end {
            End::Ok { answer, .. } | End::Failed { answer, .. } => Some(answer),
            End::Unknown { .. } => None,
        }
    }

    /// The document that it is about, as far as anyone knows.
    pub fn subject(&self) -> Option<&Document> {
        self.document.as_ref().or_else(|| self.answer().and_then(|answer| answer.document.as_ref()))
    }

    /// The shard that it is about, as far as anyone knows.
    pub fn place(&self) -> Option<ShardId> {
        let told = self.answer().and_then(|answer| answer.revision).map(|revision| revision.shard);
        told.or(self.shard)
    }

    /// Whether it is a write that was acknowledged.
    pub fn is_acknowledged_write(&self) -> bool {
        self.ok().is_some() && self.kind.is_write()
    }
}
