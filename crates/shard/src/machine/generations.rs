//! Generations: how caches learn that a document has changed.
//!
//! A reader takes the generation of a document *before* it reads the store, and keeps it with what it has read. What is
//! cached holds while the generation is still the same. Documents share counters, so that a change may make a cached
//! stranger stale: that costs a read, never the truth.

use base::DocId;
use std::sync::atomic::{AtomicU64, Ordering};

const COUNTERS: usize = 1 << 16;

/// The counters of a node.
pub struct Generations {
    counters: Box<[AtomicU64]>,
}

/// The value of a document's counter at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(u64);

impl Default for Generations {
    fn default() -> Generations {
        Generations { counters: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl Generations {
    /// The generation of a document now.
    pub fn of(&self, id: DocId) -> Generation {
        Generation(self.counter(id).load(Ordering::Acquire))
    }

    /// Makes everything cached about a document stale.
    pub(super) fn advance(&self, id: DocId) {
        self.counter(id).fetch_add(1, Ordering::AcqRel);
    }

    /// Makes everything cached stale.
    pub(super) fn advance_all(&self) {
        for counter in &self.counters {
            counter.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn counter(&self, id: DocId) -> &AtomicU64 {
        // The last two bytes are random in every id.
        let bytes = id.as_bytes();
        &self.counters[usize::from(u16::from_be_bytes([bytes[14], bytes[15]]))]
    }
}
