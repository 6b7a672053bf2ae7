//! The cache of views: what a read of the newest version answers, ready made.

use crate::machine::{Generation, Generations};
use crate::store::DocKey;
use base::{DocId, Level, TenantId, UserId};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use rpc::{Seen, View};
use std::sync::Arc;

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
        // The wire form, made later, is about as long as the content.
        let weight = (view.weight() + view.content.len() + access.len() * 48 + 256) as u64;
        Cached { generation, tenant, owner, access, view, weight }
    }

    /// The view, for who is known to be allowed to see it.
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// What a user sees; `None` if they may not.
    pub fn seen_by(&self, user: &UserId) -> Option<Seen> {
        let level = if *user == self.owner {
            Level::Owner
        } else {
            let found = self.access.binary_search_by(|(name, _)| name.cmp(user)).ok()?;
            self.access[found].1
        };
        Some(Seen { view: self.view.clone(), level })
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
}

impl Views {
    /// An empty cache of at most `bytes`.
    pub fn new(bytes: u64, generations: Arc<Generations>) -> Views {
        const TYPICAL_VIEW_BYTES: u64 = 2_048;
        let expected = (bytes / TYPICAL_VIEW_BYTES).clamp(16, 100_000);
        Views { cache: Cache::with_weighter(expected as usize, bytes, Weight), generations }
    }

    /// What is cached of a document and still true.
    pub fn get(&self, doc: &DocId, tenant: &TenantId) -> Option<Arc<Cached>> {
        let cached = self.cache.get(doc)?;
        let true_still = cached.generation == self.generations.of(*doc) && cached.tenant == *tenant;
        true_still.then_some(cached)
    }

    /// The generation to read a document in: taken before the store is read.
    pub fn generation(&self, doc: &DocKey) -> Generation {
        self.generations.of(doc.id)
    }

    /// Keeps what was read.
    pub fn insert(&self, doc: DocId, cached: Arc<Cached>) {
        self.cache.insert(doc, cached);
    }

    /// Bytes and documents held.
    pub fn held(&self) -> (u64, usize) {
        (self.cache.weight(), self.cache.len())
    }
}
