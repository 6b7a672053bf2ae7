//! What happens in live documents, counted. Read when somebody asks.

use metrics::{counter, gauge};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The counters of a node.
#[derive(Debug, Default)]
pub struct Figures {
    sessions: AtomicU64,
    uploads: AtomicU64,
    upload_bytes: AtomicU64,
    messages: AtomicU64,
    encoded: AtomicU64,
    fetched: AtomicU64,
    ephemerals: AtomicU64,
    ephemerals_dropped: AtomicU64,
    held_bytes: AtomicUsize,
}

impl Figures {
    /// A session began; `false` if there are `limit` of them already.
    pub fn joined(&self, limit: usize) -> bool {
        let before = self.sessions.fetch_add(1, Ordering::Relaxed);
        if before >= limit as u64 {
            self.left();
            return false;
        }
        true
    }

    /// A session ended.
    pub fn left(&self) {
        self.sessions.fetch_sub(1, Ordering::Relaxed);
    }

    /// Changes came from a session.
    pub fn uploaded(&self, bytes: usize) {
        self.uploads.fetch_add(1, Ordering::Relaxed);
        self.upload_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A sync message was given out.
    pub fn relayed(&self) {
        self.messages.fetch_add(1, Ordering::Relaxed);
    }

    /// A sync message was encoded.
    pub fn encoded(&self) {
        self.encoded.fetch_add(1, Ordering::Relaxed);
    }

    /// Older changes were fetched from the store for a session.
    pub fn fetched(&self) {
        self.fetched.fetch_add(1, Ordering::Relaxed);
    }

    /// Something that is not kept was passed on, or dropped because its receiver is too slow.
    pub fn said(&self, dropped: bool) {
        let counter = if dropped { &self.ephemerals_dropped } else { &self.ephemerals };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A session keeps `after` bytes instead of `before`. What all sessions keep now.
    pub fn holds(&self, before: usize, after: usize) -> usize {
        // Wrapping is what makes it fall: a sum of differences comes out right.
        let change = after.wrapping_sub(before);
        self.held_bytes.fetch_add(change, Ordering::Relaxed).wrapping_add(change)
    }

    /// Writes the figures into the metrics recorder.
    pub fn observe(&self) {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        gauge!("sync_sessions").set(read(&self.sessions) as f64);
        gauge!("sync_held_bytes").set(self.held_bytes.load(Ordering::Relaxed) as f64);
        counter!("sync_uploads_total").absolute(read(&self.uploads));
        counter!("sync_upload_bytes_total").absolute(read(&self.upload_bytes));
        counter!("sync_messages_total").absolute(read(&self.messages));
        counter!("sync_messages_encoded_total").absolute(read(&self.encoded));
        counter!("sync_fetches_total").absolute(read(&self.fetched));
        counter!("sync_ephemerals_total").absolute(read(&self.ephemerals));
        counter!("sync_ephemerals_dropped_total").absolute(read(&self.ephemerals_dropped));
    }
}
