//! What others tell a socket: which documents have something for it, and that it is over.
//!
//! Bounded by the documents of the socket: a document rings once until it is looked at. A ring never blocks.

use super::Close;
use base::DocId;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;

/// The signals of one socket.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    rung: Mutex<HashSet<DocId>>,
    end: OnceLock<Close>,
    wake: Notify,
}

impl Signals {
    pub fn new() -> Arc<Signals> {
        Arc::default()
    }

    /// This document has something.
    pub fn ring(&self, id: DocId) {
        if self.rung.lock().insert(id) {
            self.wake.notify_one();
        }
    }

    /// The socket is over. The first reason stands.
    pub fn end(&self, close: Close) {
        if self.end.set(close).is_ok() {
            self.wake.notify_one();
        }
    }

    /// Why the socket is over, if it is.
    pub fn ended(&self) -> Option<&Close> {
        self.end.get()
    }

    /// The documents that have rung since the last time.
    pub fn take(&self) -> HashSet<DocId> {
        std::mem::take(&mut self.rung.lock())
    }

    /// Waits for a signal that came after the last look.
    pub async fn changed(&self) {
        self.wake.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::Code;
    use base::Slot;
    use futures::FutureExt;

    #[test]
    fn a_document_rings_once_until_it_is_looked_at() {
        let signals = Signals::new();
        let id = DocId::mint(Slot::new(1).unwrap(), [0; 16]);
        assert_eq!(signals.changed().now_or_never(), None);
        signals.ring(id);
        assert_eq!(signals.changed().now_or_never(), Some(()));
        signals.ring(id);
        assert_eq!(signals.changed().now_or_never(), None, "nobody has looked since the first ring");
        assert_eq!(signals.take(), HashSet::from([id]));
        signals.ring(id);
        assert_eq!(signals.changed().now_or_never(), Some(()));
    }

    #[test]
    fn the_first_reason_stands() {
        let signals = Signals::new();
        signals.end(Close::new(Code::Revoked, "revoked"));
        signals.end(Close::new(Code::Restart, "later"));
        assert_eq!(signals.ended().unwrap().code, Code::Revoked);
        assert_eq!(signals.changed().now_or_never(), Some(()));
    }
}
