//! Lists of documents across shards.

use base::{DocId, Heads, Level, Shape, Timestamp, UserId};
use std::sync::Arc;

/// A request for a page of the documents that the caller may read.
#[derive(Debug, Clone)]
pub struct List {
    /// Where the page before this one ended: [`Page::next`], as it was given.
    pub after: Option<String>,
    /// At most this many.
    pub limit: usize,
}

/// A page of a list. Documents stand in the order of shards, then of ids: stable, whatever changes meanwhile.
#[derive(Debug, Clone)]
pub struct Page {
    /// The documents.
    pub documents: Vec<Summary>,
    /// Where the next page begins; `None` at the end. Opaque to clients.
    pub next: Option<String>,
}

/// A document without its content.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The document.
    pub id: DocId,
    /// Its name.
    pub name: Arc<str>,
    /// Text or JSON.
    pub shape: Shape,
    /// Whose it is.
    pub owner: UserId,
    /// The newest version.
    pub version: u64,
    /// The newest heads.
    pub heads: Heads,
    /// The caller's own level.
    pub level: Level,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
