//! Open documents, and the registry that bounds how much memory they take.

use super::Fault;
use super::keyring::Keyring;
use super::pace::Pace;
use super::queue::Queue;
use super::stored::{self, Chunks, HeadWords};
use crate::store::{DocKey, Head, StoreView};
use base::{Heads, Shape, ShardId};
use crdt::Document;
use crdt::admit::pieces;
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter};
use std::sync::Arc;
use vault::Key;

/// A document that is being edited or was lately.
pub struct OpenDocument {
    /// Which.
    pub doc: DocKey,
    /// Where it lives.
    shard: ShardId,
    /// What waits for it.
    pub queue: Queue,
    /// The document itself, once loaded. Held by whoever works on it, from the making of edits until their outcome.
    pub state: Arc<tokio::sync::Mutex<Option<Loaded>>>,
    /// What working on it may cost.
    pub pace: Mutex<Pace>,
}

impl OpenDocument {
    /// A document whose state is not loaded yet.
    pub fn new(shard: ShardId, doc: DocKey) -> OpenDocument {
        OpenDocument { doc, shard, queue: Queue::default(), state: Arc::default(), pace: Mutex::default() }
    }
}

/// A document in memory, at a committed version or just ahead of it while its newest edits are on their way.
pub struct Loaded {
    /// The document.
    pub document: Document,
    /// Its key.
    pub key: Key,
    /// The head record that it was last in step with.
    pub head: Head,
    /// Text or JSON.
    pub shape: Shape,
    /// The heads of that record.
    pub heads: Heads,
    /// Changes since the document was last compacted, or that was tried.
    pub changes_behind: usize,
    /// Sealed bytes of the chunk of that compaction.
    pub compacted_bytes: usize,
    /// Sealed bytes of large changes since.
    pub large_bytes: usize,
}

impl Loaded {
    /// Opens what is stored.
    pub fn load(keyring: &Keyring, view: &StoreView<'_>, doc: &DocKey, head: Head) -> Result<Loaded, Fault> {
        let key = keyring.document_key(view, doc, &head)?;
        let HeadWords { shape, heads, .. } = stored::words(&head)?;
        let chunks = stored::chunks(view, doc, &key, &head)?;
        let Chunks { changes_behind, compacted_bytes, large_bytes, .. } = chunks;
        let document = chunks.into_document(&heads)?;
        Ok(Loaded { document, key, head, shape, heads, changes_behind, compacted_bytes, large_bytes })
    }

    /// Takes in what was committed since, all of it at once, because each time costs as much as the document is long.
    /// `false`: it cannot, and the document is to be opened anew.
    pub fn catch_up(&mut self, view: &StoreView<'_>, doc: &DocKey, head: &Head) -> Result<bool, Fault> {
        // Its own edits may be in it that never came to be.
        let in_step = !self.document.is_poisoned() && self.document.heads() == self.heads;
        if !in_step || self.head.version >= head.version {
            return Ok(false);
        }
        let since = stored::unsealed_versions(view, doc, &self.key, head, self.head.version)?;
        let Some(since) = since else { return Ok(false) };
        let chunks: Vec<_> = since.into_iter().flat_map(|(_, changes)| pieces(&changes.into(), 1)).collect();
        let chunks: Vec<_> = chunks.iter().map(|chunk| &chunk[..]).collect();
        let HeadWords { shape, heads, .. } = stored::words(head)?;
        if self.document.apply(&chunks).is_err() || self.document.heads() != heads {
            return Ok(false);
        }
        self.changes_behind += chunks.len();
        self.large_bytes += chunks.iter().map(|chunk| stored::large(chunk.len())).sum::<usize>();
        (self.shape, self.heads, self.head) = (shape, heads, head.clone());
        Ok(true)
    }

    fn weight(&self) -> usize {
        self.document.weight() + self.heads.len() * 64 + 512
    }
}

/// A document in the registry, with the weight that it was counted with.
#[derive(Clone)]
struct Entry {
    open: Arc<OpenDocument>,
    weight: u64,
}

/// Documents that somebody holds stay, however heavy.
#[derive(Clone)]
struct KeepHeld;

impl Lifecycle<DocKey, Entry> for KeepHeld {
    type RequestState = ();

    fn begin_request(&self) -> Self::RequestState {}

    fn is_pinned(&self, _: &DocKey, entry: &Entry) -> bool {
        // Whoever holds it may be about to work on it, and a second one must not be opened meanwhile.
        Arc::strong_count(&entry.open) > 1
    }

    fn on_evict(&self, _: &mut Self::RequestState, _: DocKey, _: Entry) {
        metrics::counter!("documents_evicted_total").increment(1);
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<DocKey, Entry> for Weight {
    fn weight(&self, _: &DocKey, entry: &Entry) -> u64 {
        entry.weight
    }
}

/// What a document in the registry weighs before it is loaded.
const EMPTY_WEIGHT: u64 = 1_024;

/// The open documents of a node, bounded in bytes.
pub struct OpenDocuments {
    cache: Cache<DocKey, Entry, Weight, DefaultHashBuilder, KeepHeld>,
}

impl OpenDocuments {
    /// An empty registry of at most `bytes`.
    pub fn new(bytes: u64) -> OpenDocuments {
        // Each part of the cache must have room for the largest document.
        const PART_BYTES: u64 = 128 << 20;
        const TYPICAL_OPEN_BYTES: u64 = 16 << 10;
        let options = OptionsBuilder::new()
            .estimated_items_capacity((bytes / TYPICAL_OPEN_BYTES).clamp(16, 100_000) as usize)
            .weight_capacity(bytes)
            .shards((bytes / PART_BYTES).clamp(1, 64) as usize)
            .build()
            .expect("both capacities are given");
        OpenDocuments { cache: Cache::with_options(options, Weight, DefaultHashBuilder::default(), KeepHeld) }
    }

    /// The document, open or to be opened.
    pub fn entry(&self, shard: ShardId, doc: &DocKey) -> Arc<OpenDocument> {
        let make = || {
            let open = Arc::new(OpenDocument::new(shard, doc.clone()));
            Ok::<_, std::convert::Infallible>(Entry { open, weight: EMPTY_WEIGHT })
        };
        match self.cache.get_or_insert_with(doc, make) {
            Ok(entry) => entry.open,
            Err(never) => match never {},
        }
    }

    /// Counts a document anew after it was worked on. One that was evicted meanwhile does not come back by this.
    pub fn reweigh(&self, open: &Arc<OpenDocument>, loaded: Option<&Loaded>) {
        let weight = EMPTY_WEIGHT + loaded.map_or(0, |loaded| loaded.weight() as u64);
        let same = self.cache.peek(&open.doc).filter(|entry| Arc::ptr_eq(&entry.open, open));
        // Not at every edit: a weight that is a little off does no harm.
        if same.is_some_and(|entry| weight.abs_diff(entry.weight) > entry.weight / 8) {
            let _evicted = self.cache.replace(open.doc.clone(), Entry { open: open.clone(), weight }, true);
        }
    }

    /// Closes the documents of a shard that another node leads now, but for those that are being worked on. What is open then
    /// does no harm: it is compared with what is stored before it is used.
    pub fn close(&self, shard: ShardId) {
        self.cache.retain(|_, entry| entry.open.shard != shard || Arc::strong_count(&entry.open) > 1);
    }

    /// Whether the document is open or being opened.
    pub fn holds(&self, doc: &DocKey) -> bool {
        self.cache.peek(doc).is_some()
    }

    /// Bytes and documents held.
    pub fn held(&self) -> (u64, usize) {
        (self.cache.weight(), self.cache.len())
    }
}
