//! The change feed of a shard: what happened to documents, in pages that a reader asks for one after the other. Gateways
//! merge the feeds of all shards.
//!
//! The shards keep nothing of a reader. A place says how far it has come, and each page is read from the store there: a
//! slow reader costs nothing while it does not ask.

use base::{DocId, FeedPlace, Heads, Level, ShardId, Timestamp, UserId};
use std::time::Duration;

/// A request for what has happened in a shard.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The shard.
    pub shard: ShardId,
    /// How far the reader has come. `None` asks for nothing but the place of now.
    pub since: Option<FeedPlace>,
    /// The only document that is asked for. It is one of this shard.
    pub document: Option<DocId>,
    /// At most this many events.
    pub limit: usize,
    /// How long to wait for the first event, if there is none yet.
    pub wait: Duration,
}

/// What has happened behind a place, in the order of the log.
#[derive(Debug, Clone)]
pub struct ChangesPage {
    /// Of documents that the caller may read now, or could read before the event.
    pub events: Vec<Event>,
    /// Where the next page begins: behind these events, and behind what is not for this caller. It moves on without
    /// events, too.
    pub place: FeedPlace,
    /// Whether there is more at hand.
    pub more: bool,
}

/// Something happened to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where a reader goes on behind this event.
    pub place: FeedPlace,
    /// The document.
    pub document: DocId,
    /// What happened.
    pub kind: EventKind,
    /// The version after it.
    pub version: u64,
    /// The heads after it; of what is not to be read any more, the last that were.
    pub heads: Heads,
    /// Who did it, each once, in order.
    pub authors: Vec<UserId>,
    /// When.
    pub at: Timestamp,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// The document was made.
    Created,
    /// Its content changed.
    Changed,
    /// Somebody's access changed.
    Shared {
        /// Whose.
        principal: UserId,
        /// To what; `None`: to nothing.
        level: Option<Level>,
    },
    /// The caller's own access was taken away.
    Revoked,
    /// The document was deleted.
    Deleted,
    /// Its name or its labels changed.
    Metadata,
}
