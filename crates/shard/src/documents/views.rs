//! The cache of views: what a read of the newest version answers, ready made.

use crate::machine::{Generation, Generations};
use crate::shard::Shard;
use crate::store::DocKey;
use base::{DocId, Level, TenantId, UserId};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use rpc::{Seen, View};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A view and who may see it, as they were in one generation of the document.
pub struct Cached {
    generation: Generation,
    tenant: TenantId,
    owner: UserId,
    /// Sorted by name.
    access: Vec<(UserId, Level)>,
    view: Arc<View>,
    /// Fixed here, because the cache must take off what it has put on.
    weight: u64,
}

/// Wire forms of a view that are made later and kept with it, each about as long as the content: for the owner, and for
/// one other level. Documents that are read at more levels are few.
const FACES: usize = 2;

impl Cached {
    /// What was read of a document after `generation` was taken.
    pub fn new(
        generation: Generation,
        tenant: TenantId,
        owner: UserId,
        access: Vec<(UserId, Level)>,
        view: Arc<View>,
    ) -> Cached {
        debug_assert!(access.is_sorted(), "access lists are stored in the order of names");
        let weight = (view.weight() + view.content.len() * FACES + access.len() * 48 + 256) as u64;
        Cached { generation, tenant, owner, access, view, weight }
    }

    /// The view, for who is known to be allowed to see it.
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// What a user may do; `None` if they may not even see it.
    pub fn level_of(&self, user: &UserId) -> Option<Level> {
        if *user == self.owner {
            return Some(Level::Owner);
        }
        let found = self.access.binary_search_by(|(name, _)| name.cmp(user)).ok()?;
        Some(self.access[found].1)
    }

    /// What a user sees; `None` if they may not.
    pub fn seen_by(&self, user: &UserId, shard: &Shard) -> Option<Seen> {
        let level = self.level_of(user)?;
        Some(Seen { view: self.view.clone(), level, revision: shard.revision() })
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<DocId, Arc<Cached>> for Weight {
    fn weight(&self, _: &DocId, cached: &Arc<Cached>) -> u64 {
        cached.weight
    }
}

/// The views of a node, bounded in bytes.
pub struct Views {
    cache: Cache<DocId, Arc<Cached>, Weight>,
    generations: Arc<Generations>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Views {
    /// An empty cache of at most `bytes`.
    pub fn new(bytes: u64, generations: Arc<Generations>) -> Views {
        // Each part of the cache must have room for the largest view.
        const PART_BYTES: u64 = 32 << 20;
        const TYPICAL_VIEW_BYTES: u64 = 2_048;
        let options = OptionsBuilder::new()
            .estimated_items_capacity((bytes / TYPICAL_VIEW_BYTES).clamp(16, 100_000) as usize)
            .weight_capacity(bytes)
            .shards((bytes / PART_BYTES).clamp(1, 64) as usize)
            .build()
            .expect("both capacities are given");
        let cache =
            Cache::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default());
        Views { cache, generations, hits: AtomicU64::new(0), misses: AtomicU64::new(0) }
    }

    /// What is cached of a document and still true.
    pub fn get(&self, doc: &DocId, tenant: &TenantId) -> Option<Arc<Cached>> {
        let true_still =
            |cached: &Arc<Cached>| cached.generation == self.generations.of(*doc) && cached.tenant == *tenant;
        let found = self.cache.get(doc).filter(true_still);
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// The generation to read a document in: taken before the store is read.
    pub fn generation(&self, doc: &DocKey) -> Generation {
        self.generations.of(doc.id)
    }

    /// Keeps what was read.
    pub fn insert(&self, doc: DocId, cached: Arc<Cached>) {
        self.cache.insert(doc, cached);
    }

    /// Look-ups that found a true view, and those that did not.
    pub fn looked_up(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    /// Bytes and documents held.
    pub fn held(&self) -> (u64, usize) {
        (self.cache.weight(), self.cache.len())
    }
}
