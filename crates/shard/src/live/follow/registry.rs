//! `Channels`: the documents of a node that thin clients follow.

use super::channel::Channel;
use crate::documents::Engine;
use crate::shard::Shard;
use crate::store::DocKey;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// The channels of a node. Each lives as long as somebody holds it.
#[derive(Default)]
pub struct Channels {
    open: Mutex<HashMap<DocKey, Weak<Channel>>>,
}

impl Channels {
    /// The channel of a document.
    pub(super) fn entry(&self, engine: &Arc<Engine>, shard: &Arc<Shard>, doc: &DocKey) -> Arc<Channel> {
        let mut open = self.open.lock();
        if let Some(channel) = open.get(doc).and_then(Weak::upgrade) {
            return channel;
        }
        let channel = Channel::open(engine, shard, engine.live.entry(doc));
        open.insert(doc.clone(), Arc::downgrade(&channel));
        channel
    }

    /// A channel is being dropped. Another one may have taken its place.
    pub(super) fn forget(&self, doc: &DocKey, gone: &Channel) {
        let mut open = self.open.lock();
        if open.get(doc).is_some_and(|channel| std::ptr::eq(channel.as_ptr(), gone)) {
            open.remove(doc);
        }
    }
}
