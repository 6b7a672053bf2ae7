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

/// A view, and what it is known by.
#[derive(Clone)]
struct Kept {
    digest: Digest,
    view: Arc<View>,
    /// Fixed here: what the gateway makes of a view makes it longer, and the cache must take off what it has put on.
    weight: u64,
}

/// The views of a node, by document, up to a weight.
pub(super) struct Views(Cache<Key, Kept, Weigh>);

#[derive(Clone)]
struct Weigh;

impl Weighter<Key, Kept> for Weigh {
    fn weight(&self, _: &Key, kept: &Kept) -> u64 {
        kept.weight
    }
}

impl Views {
    pub(super) fn new(bytes: u64) -> Views {
        let items = usize::try_from(bytes / ESTIMATED_VIEW_BYTES).unwrap_or(usize::MAX).max(1);
        Views(Cache::with_weighter(items, bytes, Weigh))
    }

    pub(super) fn get(&self, key: &Key) -> Option<(Digest, Arc<View>)> {
        self.0.get(key).map(|kept| (kept.digest, kept.view))
    }

    pub(super) fn keep(&self, key: Key, digest: Digest, view: Arc<View>) {
        // What the gateway will make of it is about as long as its content.
        let weight = (view.weight() + view.content.len() + size_of::<Key>()) as u64;
        self.0.insert(key, Kept { digest, view, weight });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ViewParts;
    use base::{Hash, Level, Shape, Timestamp, UserId};
    use bytes::Bytes;

    fn id() -> DocId {
        "00000000-0000-8000-8000-000000000001".parse().unwrap()
    }

    fn view(content: &str) -> Arc<View> {
        Arc::new(View::new(ViewParts {
            id: id(),
            name: "n".into(),
            shape: Shape::Text,
            owner: UserId::new("ada").unwrap(),
            version: 1,
            heads: vec![Hash([1; 32])],
            created_at: Timestamp(1),
            updated_at: Timestamp(1),
            content: Bytes::copy_from_slice(content.as_bytes()),
            labels: Default::default(),
        }))
    }

    /// A cache that takes off more than it has put on counts below zero.
    #[test]
    fn a_view_that_grew_is_replaced_and_the_count_is_right() {
        let (views, key) = (Views::new(1 << 20), (TenantId::new("t").unwrap(), id()));
        for round in 0..3 {
            let kept = view(&round.to_string());
            views.keep(key.clone(), Digest::default(), kept.clone());
            kept.face(Level::Owner, || Bytes::from(vec![b'x'; 10_000]));
        }
        let weight = views.0.weight();
        assert!((1..10_000).contains(&weight), "{weight}");
        views.keep(key.clone(), Digest::default(), view("3"));
        assert_eq!((views.0.weight(), views.get(&key).unwrap().1.content.as_ref()), (weight, &b"3"[..]));
    }
}
