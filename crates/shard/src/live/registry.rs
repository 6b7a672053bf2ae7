//! The live documents of a node. Those that nobody follows any more stay for a while, in bounds: a client that comes back
//! finds them as they were.

use super::document::LiveDocument;
use super::figures::Figures;
use crate::store::DocKey;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter};
use std::sync::Arc;

#[derive(Clone)]
struct Entry {
    live: Arc<LiveDocument>,
    weight: u64,
}

/// Documents that somebody follows stay, however heavy.
#[derive(Clone)]
struct KeepHeld;

impl Lifecycle<DocKey, Entry> for KeepHeld {
    type RequestState = ();

    fn begin_request(&self) -> Self::RequestState {}

    fn is_pinned(&self, _: &DocKey, entry: &Entry) -> bool {
        Arc::strong_count(&entry.live) > 1
    }

    fn on_evict(&self, _: &mut Self::RequestState, _: DocKey, _: Entry) {}
}

#[derive(Clone)]
struct Weight;

impl Weighter<DocKey, Entry> for Weight {
    fn weight(&self, _: &DocKey, entry: &Entry) -> u64 {
        entry.weight
    }
}

/// What a document weighs before its content is there.
const EMPTY_WEIGHT: u64 = 1_024;

/// The live documents of a node, bounded in bytes as far as nobody follows them.
pub struct LiveDocuments {
    cache: Cache<DocKey, Entry, Weight, DefaultHashBuilder, KeepHeld>,
    /// What happens in them.
    pub figures: Figures,
}

impl LiveDocuments {
    /// An empty registry of at most `bytes`.
    pub fn new(bytes: u64) -> LiveDocuments {
        // Each part of the cache must have room for the largest document.
        const PART_BYTES: u64 = 32 << 20;
        const TYPICAL_BYTES: u64 = 4 << 10;
        let options = OptionsBuilder::new()
            .estimated_items_capacity((bytes / TYPICAL_BYTES).clamp(16, 100_000) as usize)
            .weight_capacity(bytes)
            .shards((bytes / PART_BYTES).clamp(1, 64) as usize)
            .build()
            .expect("both capacities are given");
        let cache = Cache::with_options(options, Weight, DefaultHashBuilder::default(), KeepHeld);
        LiveDocuments { cache, figures: Figures::default() }
    }

    /// The document, live from now on.
    pub fn entry(&self, doc: &DocKey) -> Arc<LiveDocument> {
        let make = || {
            let live = Arc::new(LiveDocument::new(doc.clone()));
            Ok::<_, std::convert::Infallible>(Entry { live, weight: EMPTY_WEIGHT })
        };
        match self.cache.get_or_insert_with(doc, make) {
            Ok(entry) => entry.live,
            Err(never) => match never {},
        }
    }

    /// The document, if it is live.
    pub fn get(&self, doc: &DocKey) -> Option<Arc<LiveDocument>> {
        self.cache.peek(doc).map(|entry| entry.live)
    }

    /// Counts a document anew, if its weight has changed much.
    pub fn reweigh(&self, live: &Arc<LiveDocument>) {
        let weight = EMPTY_WEIGHT + live.weight() as u64;
        let same = self.cache.peek(&live.doc).filter(|entry| Arc::ptr_eq(&entry.live, live));
        if same.is_some_and(|entry| weight.abs_diff(entry.weight) > entry.weight / 8) {
            let _evicted = self.cache.replace(live.doc.clone(), Entry { live: live.clone(), weight }, true);
        }
    }

    /// Tells those who follow a document, or any if none is named, that who may do what has changed.
    pub fn access_changed(&self, doc: Option<&DocKey>) {
        match doc {
            Some(doc) => self.get(doc).iter().for_each(|live| live.access_changed()),
            None => self.cache.iter().for_each(|(_, entry)| entry.live.access_changed()),
        }
    }

    /// Bytes and documents held.
    pub fn held(&self) -> (u64, usize) {
        (self.cache.weight(), self.cache.len())
    }
}
