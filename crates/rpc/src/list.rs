//! Lists of documents: of one shard each. Gateways put those of all shards together.

use base::{DocId, Heads, Labels, Level, Shape, ShardId, Timestamp, UserId};
use std::sync::Arc;

/// A request for a page of the documents of a shard that the caller may read.
#[derive(Debug, Clone)]
pub struct List {
    /// The shard.
    pub shard: ShardId,
    /// Where the page before this one ended: [`Page::next`]. The document need not be there any more.
    pub after: Option<DocId>,
    /// At most this many.
    pub limit: usize,
}

/// A page of a list. Documents stand in the order of their ids: stable, whatever changes meanwhile.
#[derive(Debug, Clone)]
pub struct Page {
    /// The documents.
    pub documents: Vec<Summary>,
    /// The last document that was looked at, if there may be more behind it.
    pub next: Option<DocId>,
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
    /// When its content last changed.
    pub updated_at: Timestamp,
    /// Its labels.
    pub labels: Labels,
}
