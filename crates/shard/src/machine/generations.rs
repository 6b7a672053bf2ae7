//! Generations: how caches learn that a document has changed.
//!
//! A reader takes the generation of a document *before* it reads the store, and keeps it with what it has read. What is
//! cached holds while the generation is still the same. Documents share counters, so that a change may make a cached
//! stranger stale: that costs a read, never the truth.

use super::step::Touched;
use crate::store::DocKey;
use base::{DocId, TenantId};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

const COUNTERS: usize = 1 << 16;

/// Told that who may do what with a document has changed; with no document, that it may have for any. Runs where the log
/// is applied: it must neither wait nor take long.
pub type AccessChanged = Box<dyn Fn(Option<&DocKey>) + Send + Sync>;

/// The counters of a node.
///
/// A document has two: one moves whenever anything of it changes, the other only with who may do what. What is cached of
/// access lists outlives edits.
pub struct Generations {
    counters: Box<[AtomicU64]>,
    access: Box<[AtomicU64]>,
    access_changed: OnceLock<AccessChanged>,
}

/// The value of a document's counter at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(u64);

impl Default for Generations {
    fn default() -> Generations {
        let counters = || (0..COUNTERS).map(|_| AtomicU64::new(0)).collect();
        Generations { counters: counters(), access: counters(), access_changed: OnceLock::new() }
    }
}

impl Generations {
    /// The generation of a document now.
    pub fn of(&self, id: DocId) -> Generation {
        Generation(self.counters[place(id)].load(Ordering::Acquire))
    }

    /// The generation of who may do what with a document now.
    pub fn of_access(&self, id: DocId) -> Generation {
        Generation(self.access[place(id)].load(Ordering::Acquire))
    }

    /// Whom to tell of changes of access. The first call counts.
    pub fn on_access_changed(&self, tell: AccessChanged) {
        let _told_already = self.access_changed.set(tell);
    }

    /// Makes everything cached about these documents stale, and then tells of changes of access.
    pub(super) fn advance(&self, touched: &[Touched]) {
        for Touched { id, access_in } in touched {
            self.counters[place(*id)].fetch_add(1, Ordering::AcqRel);
            let Some(tenant) = access_in.as_deref().and_then(|name| TenantId::new(name).ok()) else {
                continue;
            };
            self.access[place(*id)].fetch_add(1, Ordering::AcqRel);
            self.tell(Some(&DocKey { tenant, id: *id }));
        }
    }

    /// Makes everything cached stale. It happens where a snapshot takes the place of the store, on a node that follows: what
    /// was derived to be followed ended with its reign before.
    pub(super) fn advance_all(&self) {
        for counter in self.counters.iter().chain(&self.access) {
            counter.fetch_add(1, Ordering::AcqRel);
        }
        self.tell(None);
    }

    fn tell(&self, changed: Option<&DocKey>) {
        if let Some(tell) = self.access_changed.get() {
            tell(changed);
        }
    }
}

/// Where the counters of a document are.
fn place(id: DocId) -> usize {
    // The last two bytes are random in every id.
    let bytes = id.as_bytes();
    usize::from(u16::from_be_bytes([bytes[14], bytes[15]]))
}
