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

/// What is kept, with its weight as it was when it came: a view grows when it is shown, and the cache counts on weights
/// that stay.
#[derive(Clone)]
struct Weighed {
    kept: Kept,
    bytes: u64,
}

/// The views of a node, by document, up to a weight.
pub(super) struct Views(Cache<Key, Weighed, Weigh>);

#[derive(Clone)]
struct Weigh;

impl Weighter<Key, Weighed> for Weigh {
    fn weight(&self, _: &Key, weighed: &Weighed) -> u64 {
        weighed.bytes
    }
}

impl Views {
    pub(super) fn new(bytes: u64) -> Views {
        let items = usize::try_from(bytes / ESTIMATED_VIEW_BYTES).unwrap_or(usize::MAX).max(1);
        Views(Cache::with_weighter(items, bytes, Weigh))
    }

    pub(super) fn get(&self, key: &Key) -> Option<Kept> {
        self.0.get(key).map(|weighed| weighed.kept)
    }

    pub(super) fn keep(&self, key: Key, digest: Digest, view: Arc<View>) {
        // What the gateway makes of a view later is about as long as its content.
        let bytes = (view.weight() + view.content.len() + size_of::<Key>()) as u64;
        self.0.insert(key, Weighed { kept: (digest, view), bytes });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ViewParts;
    use base::{Level, Shape, Timestamp, UserId};
    use bytes::Bytes;

    fn view(id: DocId, version: u64) -> Arc<View> {
        let owner: UserId = "owner".parse().unwrap();
        let (created_at, updated_at) = (Timestamp(0), Timestamp(0));
        let content = Bytes::from_static(b"\"text\"");
        let name = "name".into();
        let parts = ViewParts {
            id,
            name,
            shape: Shape::Text,
            owner,
            version,
            heads: vec![],
            created_at,
            updated_at,
            content,
        };
        Arc::new(View::new(parts))
    }

    #[test]
    fn a_view_that_grew_after_it_came_is_replaced() {
        let views = Views::new(1 << 20);
        let id: DocId = "4e6e1aa8-dc40-8836-aa5c-da0060447473".parse().unwrap();
        let key = || ("default".parse().unwrap(), id);
        for version in 1..4_u8 {
            let view = view(id, version.into());
            views.keep(key(), [version; 16], view.clone());
            // What is shown to clients is kept in the view, and is longer than all else of it.
            view.face(Level::ALL[0], || Bytes::from(vec![b' '; 64 << 10]));
            let (digest, kept) = views.get(&key()).unwrap();
            assert_eq!((digest, kept.version), ([version; 16], version.into()));
        }
        let bytes = views.0.weight();
        assert!((1..64 << 10).contains(&bytes), "weights are those of the views when they came: {bytes}");
    }
}
