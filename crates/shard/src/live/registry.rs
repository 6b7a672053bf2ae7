//! The live documents of a node. Those that nobody follows any more stay for a while, in bounds: a client that comes back
//! finds them as they were.

use super::document::LiveDocument;
use super::figures::Figures;
use crate::reign::Reign;
use crate::store::DocKey;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter};
use rpc::Refusal;
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

    /// The document, live from now on, as long as the reign lasts.
    pub fn entry(&self, reign: &Arc<Reign>, doc: &DocKey) -> Arc<LiveDocument> {
        let new = || Arc::new(LiveDocument::new(reign.clone(), doc.clone()));
        let make = || Ok::<_, std::convert::Infallible>(Entry { live: new(), weight: EMPTY_WEIGHT });
        loop {
            let live = match self.cache.get_or_insert_with(doc, make) {
                Ok(entry) => entry.live,
                Err(never) => match never {},
            };
            if Arc::ptr_eq(&live.reign, reign) {
                return live;
            }
            if !live.reign.is_over() {
                // The caller's is over. It does not take the place of what is followed now.
                return new();
            }
            // Somebody came late in that reign.
            let _late = self.cache.remove_if(doc, |entry| entry.live.reign.is_over());
        }
    }

    /// The document, if it is live in this reign.
    pub fn get(&self, reign: &Arc<Reign>, doc: &DocKey) -> Option<Arc<LiveDocument>> {
        let live = self.cache.peek(doc)?.live;
        Arc::ptr_eq(&live.reign, reign).then_some(live)
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
            Some(doc) => self.cache.peek(doc).iter().for_each(|entry| entry.live.access_changed()),
            None => self.cache.iter().for_each(|(_, entry)| entry.live.access_changed()),
        }
    }

    /// The lease of a reign is back: those who were told nothing meanwhile are asked again.
    pub fn ring(&self, reign: &Arc<Reign>) {
        self.of(reign).iter().for_each(|live| live.ring());
    }

    /// A reign is over, and with it everything that was derived for it.
    pub fn end(&self, reign: &Arc<Reign>, refusal: &Refusal) {
        for live in self.of(reign) {
            let _ended = self.cache.remove_if(&live.doc, |entry| Arc::ptr_eq(&entry.live, &live));
            live.end_all(refusal);
        }
    }

    fn of(&self, reign: &Arc<Reign>) -> Vec<Arc<LiveDocument>> {
        let all = self.cache.iter().map(|(_, entry)| entry.live);
        all.filter(|live| Arc::ptr_eq(&live.reign, reign)).collect()
    }

    /// Bytes and documents held.
    pub fn held(&self) -> (u64, usize) {
        (self.cache.weight(), self.cache.len())
    }
}
