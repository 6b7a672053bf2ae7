//! Views that a gateway has seen. Each read still asks the node, which says whether it is the one and what the caller may.

use crate::View;
use crate::transport::form::Digest;
use base::{DocId, TenantId};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// Views to begin with; the weight is the bound.
const ESTIMATED_VIEW_BYTES: u64 = 4 << 10;

pub(super) type Key = (TenantId, DocId);
type Kept = (Digest, Arc<View>);

/// The views of a node, by document, up to a weight.
pub(super) struct Views(Cache<Key, Kept, Weigh>);

#[derive(Clone)]
struct Weigh;

impl Weighter<Key, Kept> for Weigh {
    /// What the gateway makes of a view is about as long as its content.
    fn weight(&self, _: &Key, (_, view): &Kept) -> u64 {
        (view.weight() + view.content.len() + size_of::<Key>()) as u64
    }
}

impl Views {
    pub(super) fn new(bytes: u64) -> Views {
        let items = usize::try_from(bytes / ESTIMATED_VIEW_BYTES).unwrap_or(usize::MAX).max(1);
        Views(Cache::with_weighter(items, bytes, Weigh))
    }

    pub(super) fn get(&self, key: &Key) -> Option<Kept> {
        self.0.get(key)
    }

    pub(super) fn keep(&self, key: Key, digest: Digest, view: Arc<View>) {
        self.0.insert(key, (digest, view));
    }
}
