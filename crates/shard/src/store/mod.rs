//! The local store of a replica: what the log says, applied.
//!
//! One `fjall` database serves all shards of a node; each shard has five spaces of its own in it. Nothing is fsynced by
//! itself: a crash loses a suffix, and the log, which is purged only up to what [`Store::make_durable`] has confirmed,
//! applies it again. `docs/data-layout.md` shows every key and record.

mod failure;
mod feed;
mod journal;
pub mod key;
mod records;
mod ticket;
mod txn;

pub use feed::{FeedExtent, FeedKind, FeedRecord, Grant, feed_key, feed_key_behind, feed_place};
pub use journal::JournalError;
pub use key::{DocKey, DocumentRecord, NIL_DOCUMENT};
pub use records::{
    Compacted, Head, Lookup, PartRecord, PartSize, Receipt, RecordError, VersionRecord, join_heads,
    split_heads,
};
pub use ticket::{TicketFate, TicketRecord};
pub use txn::Txn;

use base::ShardId;
use failure::Failure;
use fjall::{
    AbstractTree, CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot,
};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The database of a node.
#[derive(Clone)]
pub struct NodeStore {
    database: Database,
    folder: PathBuf,
    failure: Failure,
}

/// A failure of the local store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store itself: IO, a failed checksum, a folder that is in use.
    #[error("the local store failed: {0}")]
    Store(#[from] fjall::Error),
    /// Its journals, before it is opened.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record that does not decode.
    #[error("a record of the local store does not decode")]
    Record(#[from] RecordError),
}

/// Memory and disk that the store may take.
#[derive(Debug, Clone, Copy)]
pub struct StoreOptions {
    /// For blocks of tables, in bytes.
    pub cache_bytes: u64,
    /// The most that the journals may hold before tables are written, in bytes: it bounds the time to open.
    pub journal_bytes: u64,
}

impl Default for StoreOptions {
    fn default() -> StoreOptions {
        StoreOptions { cache_bytes: 64 << 20, journal_bytes: 64 << 20 }
    }
}

impl NodeStore {
    /// Opens or makes the database in a folder.
    pub fn open(folder: &Path, options: StoreOptions) -> Result<NodeStore, StoreError> {
        let cut = journal::cut_torn_tail(folder)?;
        let database = Database::builder(folder)
            .cache_size(options.cache_bytes)
            .max_journaling_size(options.journal_bytes.max(64 << 20))
            .manual_journal_persist(true)
            // What is large is sealed, and does not get smaller.
            .journal_compression(CompressionType::None)
            .worker_threads(1)
            .open()?;
        if let Some(cut) = cut {
            cut.settle(newest_in_tables(&database)?)?;
        }
        Ok(NodeStore { database, folder: folder.to_owned(), failure: Failure::default() })
    }

    /// The spaces of one shard, made if they are not there.
    pub fn shard(&self, shard: ShardId) -> Result<Store, StoreError> {
        let open = |space: Space| {
            let options = || KeyspaceCreateOptions::default().max_memtable_size(16 << 20);
            self.database.keyspace(&name_of(shard, space), options)
        };
        let spaces = [
            open(Space::State)?,
            open(Space::Documents)?,
            open(Space::Edits)?,
            open(Space::Lists)?,
            open(Space::Feed)?,
        ];
        sync_names(&self.folder).map_err(fjall::Error::from)?;
        Ok(Store { database: self.database.clone(), spaces, failure: self.failure.clone() })
    }

    /// The shards of which there are spaces, with anything in them or not. One may come more than once.
    pub fn shards(&self) -> Vec<ShardId> {
        let names = self.database.list_keyspace_names();
        let shard = |name: &str| name.strip_prefix("shard")?.split_once('-')?.0.parse().ok().map(ShardId);
        names.iter().filter_map(|name| shard(name)).collect()
    }

    /// Whether there are spaces of a shard, with anything in them or not.
    pub fn holds(&self, shard: ShardId) -> bool {
        Space::ALL.into_iter().any(|space| self.database.keyspace_exists(&name_of(shard, space)))
    }

    /// Removes all that there is of a shard. That it is gone is on disk when this returns; it is not done in one step.
    pub fn clear(&self, shard: ShardId) -> Result<(), StoreError> {
        if !self.holds(shard) {
            return Ok(());
        }
        self.shard(shard)?.clear()?;
        self.make_durable()
    }

    /// Fsyncs everything that was written so far, of all shards.
    pub fn make_durable(&self) -> Result<(), StoreError> {
        self.failure.note(self.database.persist(PersistMode::SyncAll))
    }

    /// Waits until a write of any shard has failed, and says how. None will succeed until the store is opened anew.
    pub async fn failed(&self) -> String {
        self.failure.wait().await
    }

    /// Bytes that the database takes on disk.
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.database.disk_space()?)
    }
}

/// The highest sequence number of what has left the journals.
fn newest_in_tables(database: &Database) -> Result<Option<u64>, StoreError> {
    let mut newest = None;
    for name in database.list_keyspace_names() {
        let keyspace = database.keyspace(&name, KeyspaceCreateOptions::default)?;
        newest = newest.max(keyspace.tree.get_highest_persisted_seqno());
    }
    Ok(newest)
}

fn name_of(shard: ShardId, space: Space) -> String {
    format!("shard{}-{}", shard.0, space.name())
}

/// Makes the names of the store's folders durable. `fjall` makes a folder for each keyspace but fsyncs only what is in it;
/// a power cut that took the folder would leave a store that opens as if it were new.
fn sync_names(folder: &Path) -> io::Result<()> {
    let names = [folder.join("keyspaces"), folder.to_owned()];
    let beside = folder.parent().map(Path::to_owned);
    names.into_iter().chain(beside).try_for_each(|folder| File::open(folder)?.sync_all())
}

/// How many spaces a shard has.
const SPACES: usize = 5;

/// The parts of a shard's store. Numbers travel in snapshots: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Space {
    /// Of the log itself: position, membership, clock, parts of long commands, what expires.
    State = 0,
    /// Documents: heads, keys, access, versions, and owner keys.
    Documents = 1,
    /// Receipts of edits, by edit id.
    Edits = 2,
    /// Which documents a principal can reach.
    Lists = 3,
    /// What has changed, in the order of the log.
    Feed = 4,
}

impl Space {
    /// Every space.
    pub const ALL: [Space; SPACES] =
        [Space::State, Space::Documents, Space::Edits, Space::Lists, Space::Feed];

    /// The space with a number.
    pub fn from_number(number: u8) -> Option<Space> {
        Space::ALL.into_iter().find(|space| *space as u8 == number)
    }

    fn name(self) -> &'static str {
        match self {
            Space::State => "state",
            Space::Documents => "documents",
            Space::Edits => "edits",
            Space::Lists => "lists",
            Space::Feed => "feed",
        }
    }
}

/// The store of one shard.
#[derive(Clone)]
pub struct Store {
    database: Database,
    spaces: [Keyspace; SPACES],
    failure: Failure,
}

/// So many records are removed in one write when a shard is cleared.
const CLEARED_AT_ONCE: usize = 4_096;

/// A key and its value.
pub type Pair = (fjall::Slice, fjall::Slice);

impl Store {
    /// The newest value at a key. For more than one read that belong together take a [`Store::view`].
    pub fn get(&self, space: Space, key: &[u8]) -> Result<Option<fjall::Slice>, StoreError> {
        Ok(self.space(space).get(key)?)
    }

    /// Everything whose key begins so, in the order of keys.
    pub fn prefix(
        &self,
        space: Space,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<Pair, StoreError>> + use<> {
        self.space(space).prefix(prefix).map(|guard| Ok(guard.into_inner()?))
    }

    /// Everything from a key (included) on to another (left out), in the order of keys.
    pub fn range(
        &self,
        space: Space,
        from: Vec<u8>,
        to: Vec<u8>,
    ) -> impl Iterator<Item = Result<Pair, StoreError>> + use<> {
        self.space(space).range(from..to).map(|guard| Ok(guard.into_inner()?))
    }

    /// Starts an atomic write.
    pub fn begin(&self) -> Txn<'_> {
        Txn::new(self)
    }

    /// Fsyncs everything that was written so far.
    pub fn make_durable(&self) -> Result<(), StoreError> {
        self.failure.note(self.database.persist(PersistMode::SyncAll))
    }

    /// Removes every record, some at a time. The records are removed one by one, because `fjall` clears a space again when it
    /// reads an old journal, with what was written into the space since.
    fn clear(&self) -> Result<(), StoreError> {
        for space in Space::ALL {
            let mut pairs = self.prefix(space, &[]).peekable();
            while pairs.peek().is_some() {
                let mut txn = self.begin();
                for pair in pairs.by_ref().take(CLEARED_AT_ONCE) {
                    txn.remove(space, pair?.0.to_vec());
                }
                txn.commit()?;
            }
        }
        Ok(())
    }

    /// Bytes that this shard takes on disk, without what is in the journals only.
    pub fn disk_bytes(&self) -> u64 {
        self.spaces.iter().map(Keyspace::disk_space).sum()
    }

    /// A view that later writes do not change, and that never shows half of one.
    pub fn view(&self) -> StoreView<'_> {
        StoreView { store: self, snapshot: self.database.snapshot() }
    }

    fn space(&self, space: Space) -> &Keyspace {
        &self.spaces[space as usize]
    }
}

/// The store of one shard at one moment.
pub struct StoreView<'a> {
    store: &'a Store,
    snapshot: Snapshot,
}

impl StoreView<'_> {
    /// The value at a key.
    pub fn get(&self, space: Space, key: &[u8]) -> Result<Option<fjall::Slice>, StoreError> {
        Ok(self.snapshot.get(self.store.space(space), key)?)
    }

    /// Everything whose key begins so, in the order of keys.
    pub fn prefix(
        &self,
        space: Space,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<Pair, StoreError>> + use<> {
        self.snapshot.prefix(self.store.space(space), prefix).map(|guard| Ok(guard.into_inner()?))
    }

    /// Everything from a key (included) on to another (left out), in the order of keys.
    pub fn range(
        &self,
        space: Space,
        from: Vec<u8>,
        to: Vec<u8>,
    ) -> impl Iterator<Item = Result<Pair, StoreError>> + use<> {
        self.snapshot.range(self.store.space(space), from..to).map(|guard| Ok(guard.into_inner()?))
    }

    /// Everything in a space, in the order of keys.
    pub fn all(&self, space: Space) -> impl Iterator<Item = Result<Pair, StoreError>> + Send + use<> {
        self.snapshot.iter(self.store.space(space)).map(|guard| Ok(guard.into_inner()?))
    }
}
