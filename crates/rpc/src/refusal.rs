//! Every way in which a shard says no. Each tells the caller what to do now.

use base::{FeedPlace, Level, NodeId, ShardId};
use std::time::Duration;

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such document, as far as this caller may know.
    #[error("no such document")]
    NotFound,
    /// The caller may read it, but not do this.
    #[error("this needs {needed} access to the document, you have {held}")]
    Forbidden {
        /// What it takes.
        needed: Level,
        /// What the caller has.
        held: Level,
    },
    /// `If-Match` or `If-None-Match` does not hold.
    #[error("the document is at {tag}, which the precondition rules out")]
    Precondition {
        /// The tag of the newest heads.
        tag: String,
    },
    /// The document has no such version.
    #[error("there is no version {asked}: the newest is {newest}")]
    UnknownVersion {
        /// What was named.
        asked: u64,
        /// What there is.
        newest: u64,
    },
    /// The shard has never been as far as the revision that a read names.
    #[error("the shard has not come to {asked}, nor is it on its way: it is at {newest}")]
    UnknownRevision {
        /// What was named.
        asked: u64,
        /// Where it is.
        newest: u64,
    },
    /// The document has no such heads.
    #[error("the document has no change {hash}")]
    UnknownHeads {
        /// The first hash that it lacks, in hex.
        hash: String,
    },
    /// The edit does not fit the document.
    #[error("{reason}")]
    BadEdit {
        /// The operation at fault, counted from 0.
        operation: Option<usize>,
        /// What was found instead, and what to do.
        reason: String,
    },
    /// Something is larger than the hub takes.
    #[error("{what} is at most {limit}{}", actual.map(|n| format!(", this has {n}")).unwrap_or_default())]
    TooLarge {
        /// Which limit.
        what: LimitKind,
        /// Its value.
        limit: usize,
        /// What came, where it is known.
        actual: Option<usize>,
    },
    /// The key of another request.
    #[error("this key was used for another request; use a new key")]
    KeyReused,
    /// The shard cannot take it now; later it may.
    #[error("shard {shard} is not available: {reason}")]
    Unavailable {
        /// Which.
        shard: ShardId,
        /// Why.
        reason: String,
        /// When to ask again.
        retry_after: Duration,
    },
    /// This node does not lead the shard, and did nothing. Gateways ask the one that does; clients never see this.
    #[error("shard {shard} is led by another node")]
    Elsewhere {
        /// Which.
        shard: ShardId,
        /// Who leads it, as far as this node knows.
        leader: Option<NodeId>,
    },
    /// It may or may not have been done; the same request with the same key finds out.
    #[error("shard {shard} cannot say whether this was done; send it again with the same key")]
    Unknown {
        /// Which.
        shard: ShardId,
    },
    /// Too much work waits already.
    #[error("too many requests wait; ask again later")]
    Busy {
        /// When to ask again.
        retry_after: Duration,
    },
    /// The disk has no room for writes; reads go on.
    #[error("the disk is too full to take writes ({spare} bytes left)")]
    DiskFull {
        /// Bytes left.
        spare: u64,
    },
    /// What is stored does not open.
    #[error("the stored document is damaged: {reason}")]
    Damaged {
        /// What was found.
        reason: String,
    },
    /// What a feed would have to tell first is not kept any more.
    #[error("what happened since then is not kept any more")]
    FeedGone {
        /// Where to begin anew in this shard, once the caller has listed what there is.
        place: FeedPlace,
    },
    /// A fault of the hub.
    #[error("{reason}")]
    Internal {
        /// What failed, for the log; clients see less.
        reason: String,
    },
}

/// The limits that a shard guards; the gateway guards the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// `Limits::document_bytes`.
    Document,
    /// `Limits::change_bytes`.
    Change,
    /// `Limits::json_depth`.
    Depth,
    /// `Limits::access_entries`.
    AccessEntries,
    /// `Limits::export_bytes`.
    Export,
    /// `Limits::labels`.
    Labels,
}

impl std::fmt::Display for LimitKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            LimitKind::Document => "a document's size in bytes",
            LimitKind::Change => "a change's inflated size in bytes",
            LimitKind::Depth => "the depth of nested JSON",
            LimitKind::AccessEntries => "the length of an access list",
            LimitKind::Export => "the Automerge file of a document, in bytes",
            LimitKind::Labels => "the number of a document's labels",
        })
    }
}
