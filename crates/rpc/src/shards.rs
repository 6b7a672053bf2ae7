//! The seam: what a gateway may ask of the shards.

use crate::{
    Access, Changes, ChangesPage, Compare, Comparison, Create, Delete, Export, Exported, Health, History,
    Import, List, Page, Read, Refusal, Revision, Seen, Select, Selection, SetMetadata, Share, Versions,
    Write,
};
use base::{DocId, ShardId, TenantId, UserId};
use std::pin::Pin;
use std::sync::Arc;

/// Who asks. It comes from a verified credential, never from the request's words.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The wall around everything that this caller can reach.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
}

/// An answer on its way.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'a>>;

/// The shards of a hub, seen from a gateway.
///
/// The contract, for every method:
/// - the caller's access is checked where the truth is, at the moment of the answer;
/// - a document that the caller may not read, of another tenant, deleted or never made is [`Refusal::NotFound`];
/// - an `Ok` to a write means that the write is durable; [`Refusal::Unknown`] means that it may or may not be, and the
///   same request with the same key finds out;
/// - dropping the future withdraws the caller's interest, not the write.
pub trait Shards: Send + Sync + 'static {
    /// Makes a document that the caller owns.
    fn create(&self, caller: Caller, create: Create) -> Answer<'_, Seen>;

    /// Reads a document, now or at a point in its past.
    fn read(&self, caller: Caller, read: Read) -> Answer<'_, Seen>;

    /// The answer to a read of now that needs no waiting at all, if there is one. For the hot path.
    fn peek(&self, caller: &Caller, id: DocId) -> Option<Seen>;

    /// Changes a document's content.
    fn write(&self, caller: Caller, write: Write) -> Answer<'_, Seen>;

    /// The versions that a document has had.
    fn history(&self, caller: Caller, history: History) -> Answer<'_, Versions>;

    /// How one state of a document becomes another.
    fn compare(&self, caller: Caller, compare: Compare) -> Answer<'_, Comparison>;

    /// A document as a file of Automerge.
    fn export(&self, caller: Caller, export: Export) -> Answer<'_, Exported>;

    /// Makes a document that the caller owns of a file of Automerge. [`Refusal::BadEdit`] if that is not what it is.
    fn import(&self, caller: Caller, import: Import) -> Answer<'_, Seen>;

    /// Deletes a document for good. Gives a place where it is gone.
    fn delete(&self, caller: Caller, delete: Delete) -> Answer<'_, Revision>;

    /// Grants or takes away access.
    fn share(&self, caller: Caller, share: Share) -> Answer<'_, Access>;

    /// Changes what is said of a document beside its content.
    fn set_metadata(&self, caller: Caller, set: SetMetadata) -> Answer<'_, Seen>;

    /// Who may do what with a document.
    fn access(&self, caller: Caller, id: DocId) -> Answer<'_, Access>;

    /// The documents of a shard that the caller may read.
    fn list(&self, caller: Caller, list: List) -> Answer<'_, Page>;

    /// The first documents of a shard, in some order, that the caller may read and that pass a filter.
    fn select(&self, caller: Caller, select: Select) -> Answer<'_, Selection>;

    /// What has happened to documents of a shard behind a place. [`Refusal::FeedGone`] if that is not kept any more.
    ///
    /// Unless something is at hand, the answer comes after the time to wait or with the first event, whichever is earlier.
    fn changes(&self, caller: Caller, changes: Changes) -> Answer<'_, ChangesPage>;

    /// All shards, ascending, each once: what a whole list or feed is made of. None as long as they are not known here.
    fn shards(&self) -> Vec<ShardId>;

    /// The shard that holds a document, or would, as far as that is known here.
    fn shard_of(&self, id: DocId) -> Option<ShardId>;

    /// How the shards are, for probes and metrics.
    fn health(&self) -> Health;

    /// Whether clients may be sent here: by default once every shard serves.
    fn ready(&self) -> bool {
        self.health().ready()
    }
}

/// The seam as gateways hold it.
pub type SharedShards = Arc<dyn Shards>;
