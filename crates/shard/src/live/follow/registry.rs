//! `Channels`: the documents of a node that thin clients follow.

use super::channel::Channel;
use crate::documents::Engine;
use crate::reign::Reign;
use crate::shard::Shard;
use crate::store::DocKey;
use parking_lot::Mutex;
use rpc::Refusal;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// The channels of a node. Each lives as long as somebody holds it.
#[derive(Default)]
pub struct Channels {
    open: Mutex<HashMap<DocKey, Weak<Channel>>>,
}

impl Channels {
    /// The channel of a document in a reign.
    pub(super) fn entry(
        &self,
        engine: &Arc<Engine>,
        shard: &Arc<Shard>,
        reign: &Arc<Reign>,
        doc: &DocKey,
    ) -> Arc<Channel> {
        let mut open = self.open.lock();
        // Let go without the lock: it may be the last that holds the channel, which then leaves the registry.
        let other = open.get(doc).and_then(Weak::upgrade);
        if let Some(channel) = other.as_ref().filter(|channel| Arc::ptr_eq(&channel.live.reign, reign)) {
            return channel.clone();
        }
        let channel = Channel::open(engine, shard, engine.live.entry(reign, doc));
        if !reign.is_over() {
            open.insert(doc.clone(), Arc::downgrade(&channel));
        }
        drop(open);
        channel
    }

    /// A reign is over: nobody is led on in it.
    pub fn end(&self, reign: &Arc<Reign>, refusal: &Refusal) {
        let channels: Vec<_> = self.open.lock().values().filter_map(Weak::upgrade).collect();
        for channel in channels.iter().filter(|channel| Arc::ptr_eq(&channel.live.reign, reign)) {
            channel.end_all(refusal);
        }
    }

    /// The lease of a reign is back: those who were told nothing meanwhile are asked again.
    pub fn ring(&self, reign: &Arc<Reign>) {
        let channels: Vec<_> = self.open.lock().values().filter_map(Weak::upgrade).collect();
        let channels = channels.iter().filter(|channel| Arc::ptr_eq(&channel.live.reign, reign));
        channels.for_each(|channel| channel.ring());
    }

    /// What is said of a document beside its content has changed: who comes to it from now on is shown that.
    pub fn described(&self, doc: &DocKey) {
        let channel = self.open.lock().get(doc).and_then(Weak::upgrade);
        if let Some(channel) = channel {
            channel.wake();
        }
    }

    /// A channel is being dropped. Another one may have taken its place.
    pub(super) fn forget(&self, doc: &DocKey, gone: &Channel) {
        let mut open = self.open.lock();
        if open.get(doc).is_some_and(|channel| std::ptr::eq(channel.as_ptr(), gone)) {
            open.remove(doc);
        }
    }
}
