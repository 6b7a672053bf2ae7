//! Bells: how readers of the change feed learn that there is more, without a queue for any of them.
//!
//! A reader hangs up a bell for a tenant or for one document *before* it reads the store. After a write is visible, the
//! bells of what it changed are rung, and only then [`Bells::rung_to`] moves on. So a reader whose bell is silent knows
//! that nothing of its topic stands between what it has read and `rung_to`.

use crate::store::DocKey;
use base::TenantId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::Notify;

/// What a reader wants to hear of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Every document of a tenant.
    Tenant(TenantId),
    /// One document.
    Document(DocKey),
}

/// Tells one reader that there may be more.
#[derive(Debug, Default)]
pub struct Bell {
    rung: AtomicBool,
    wake: Notify,
}

impl Bell {
    fn ring(&self) {
        self.rung.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Silences it. What rings from now on is seen; called before the store is read.
    pub fn silence(&self) {
        self.rung.store(false, Ordering::Release);
    }

    /// Whether it has rung since it was silenced.
    pub fn has_rung(&self) -> bool {
        self.rung.load(Ordering::Acquire)
    }

    /// Waits until it has rung since it was silenced.
    pub async fn rung(&self) {
        while !self.has_rung() {
            self.wake.notified().await;
        }
    }
}

/// The bells of a shard.
#[derive(Debug, Default)]
pub struct Bells {
    hung: Mutex<HashMap<Topic, Vec<Arc<Bell>>>>,
    rung_to: AtomicU64,
}

/// A bell that hangs at a shard; it is taken down when this is dropped.
#[derive(Debug)]
pub struct Hung {
    bells: Arc<Bells>,
    topic: Topic,
    bell: Arc<Bell>,
}

impl Bells {
    /// Hangs up a bell.
    pub fn hang(self: &Arc<Self>, topic: Topic, bell: &Arc<Bell>) -> Hung {
        self.hung.lock().entry(topic.clone()).or_default().push(bell.clone());
        Hung { bells: self.clone(), topic, bell: bell.clone() }
    }

    /// Every bell that should have rung for this log entry, or an earlier one, has rung. Read it before the bell.
    pub fn rung_to(&self) -> u64 {
        self.rung_to.load(Ordering::Acquire)
    }

    /// Rings for what has become visible with the log up to `index`.
    pub(super) fn ring(&self, changed: &[DocKey], index: u64) {
        if !changed.is_empty() {
            let hung = self.hung.lock();
            if !hung.is_empty() {
                changed.iter().for_each(|doc| ring_for(&hung, doc));
            }
        }
        self.rung_to.store(index, Ordering::Release);
    }

    /// Rings all: the store is another one, up to `index`.
    pub(super) fn ring_all(&self, index: u64) {
        self.hung.lock().values().flatten().for_each(|bell| bell.ring());
        self.rung_to.store(index, Ordering::Release);
    }
}

fn ring_for(hung: &HashMap<Topic, Vec<Arc<Bell>>>, doc: &DocKey) {
    for topic in [Topic::Tenant(doc.tenant.clone()), Topic::Document(doc.clone())] {
        hung.get(&topic).into_iter().flatten().for_each(|bell| bell.ring());
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        let mut hung = self.bells.hung.lock();
        if let Some(bells) = hung.get_mut(&self.topic) {
            bells.retain(|bell| !Arc::ptr_eq(bell, &self.bell));
            if bells.is_empty() {
                hung.remove(&self.topic);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{DocId, Slot};
    use futures::FutureExt;

    fn doc(tenant: &str, number: u8) -> DocKey {
        let id = DocId::mint(Slot::new(5).unwrap(), [number; 16]);
        DocKey { tenant: TenantId::new(tenant).unwrap(), id }
    }

    #[test]
    fn a_bell_rings_for_its_topic_and_for_no_other() {
        let bells = Arc::new(Bells::default());
        let [of_tenant, of_document] = [(); 2].map(|()| Arc::new(Bell::default()));
        let _first = bells.hang(Topic::Tenant(doc("acme", 1).tenant), &of_tenant);
        let _second = bells.hang(Topic::Document(doc("acme", 1)), &of_document);
        bells.ring(&[doc("other", 1)], 1);
        assert_eq!((of_tenant.has_rung(), of_document.has_rung(), bells.rung_to()), (false, false, 1));
        bells.ring(&[doc("acme", 2)], 2);
        assert_eq!((of_tenant.has_rung(), of_document.has_rung()), (true, false));
        bells.ring(&[doc("acme", 1)], 3);
        assert!(of_document.has_rung() && of_document.rung().now_or_never().is_some());
        of_document.silence();
        assert!(of_document.rung().now_or_never().is_none());
        bells.ring_all(9);
        assert!(of_document.rung().now_or_never().is_some());
    }

    #[test]
    fn a_bell_that_is_taken_down_leaves_nothing() {
        let bells = Arc::new(Bells::default());
        let bell = Arc::new(Bell::default());
        let topic = Topic::Document(doc("acme", 1));
        let (first, second) = (bells.hang(topic.clone(), &bell), bells.hang(topic, &Arc::default()));
        drop(first);
        bells.ring(&[doc("acme", 1)], 1);
        assert!(!bell.has_rung());
        drop(second);
        assert!(bells.hung.lock().is_empty());
    }
}
