//! The change feed: what happened to documents, in pages that a reader asks for one after the other.
//!
//! The shards keep nothing of a reader. A token says how far it has come in each shard, and each page is read from the
//! store at that place: a slow reader costs nothing while it does not ask.

use base::{DocId, Heads, Level, Timestamp, UserId};
use std::time::Duration;

/// A request for what has happened.
#[derive(Debug, Clone)]
pub struct Changes {
    /// How far the reader has come: a token of an event or a page, as it was given. `None` asks for nothing but the
    /// token of now.
    pub since: Option<String>,
    /// The only document that is asked for.
    pub document: Option<DocId>,
    /// At most this many events.
    pub limit: usize,
    /// How long to wait for the first event, if there is none yet.
    pub wait: Duration,
}

/// What has happened since a token. In one shard events stand in the order of the log; among shards in that of time, as
/// far as the page reaches.
#[derive(Debug, Clone)]
pub struct ChangesPage {
    /// Of documents that the caller may read now, or could read before the event.
    pub events: Vec<Event>,
    /// Where the next page begins. It moves on without events, too.
    pub token: String,
    /// Whether there is more at hand.
    pub more: bool,
}

/// Something happened to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where a reader goes on behind this event.
    pub token: String,
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
}
