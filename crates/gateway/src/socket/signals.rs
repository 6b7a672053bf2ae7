//! What others tell a socket: which documents have something for it, and that it is over.
//!
//! Bounded by the documents of the socket: a document rings once until it is looked at. A ring never blocks.

use super::Close;
use base::DocId;
use futures::task::AtomicWaker;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;

/// The signals of one socket.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    rung: Mutex<Rung>,
    end: OnceLock<Close>,
    /// Whether there has been a signal since the last time that one was waited for.
    told: AtomicBool,
    /// The socket, while it waits.
    socket: AtomicWaker,
}

/// Documents that have rung. Most sockets have one document: that one needs no set.
#[derive(Debug, Default)]
struct Rung {
    first: Option<DocId>,
    others: HashSet<DocId>,
}

impl Rung {
    /// Whether it is new.
    fn insert(&mut self, id: DocId) -> bool {
        match self.first {
            None if self.others.is_empty() => {
                self.first = Some(id);
                true
            }
            Some(first) if first == id => false,
            _ => self.others.insert(id),
        }
    }
}

impl Signals {
    pub fn new() -> Arc<Signals> {
        Arc::default()
    }

    /// This document has something.
    pub fn ring(&self, id: DocId) {
        if self.rung.lock().insert(id) {
            self.tell();
        }
    }

    /// The socket is over. The first reason stands.
    pub fn end(&self, close: Close) {
        if self.end.set(close).is_ok() {
            self.tell();
        }
    }

    fn tell(&self) {
        self.told.store(true, Ordering::Release);
        self.socket.wake();
    }

    /// Why the socket is over, if it is.
    pub fn ended(&self) -> Option<&Close> {
        self.end.get()
    }

    /// The documents that have rung since the last time.
    pub fn take(&self) -> impl Iterator<Item = DocId> + use<> {
        let Rung { first, others } = std::mem::take(&mut *self.rung.lock());
        first.into_iter().chain(others)
    }

    /// Waits for a signal that came after the last one that was waited for. For one task, the socket's.
    pub async fn changed(&self) {
        poll_fn(|context| {
            // Whoever tells after this wakes; whoever told before it is seen below.
            self.socket.register(context.waker());
            match self.told.swap(false, Ordering::AcqRel) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
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
        assert!(signals.take().eq([id]));
        signals.ring(id);
        assert_eq!(signals.changed().now_or_never(), Some(()));
    }

    #[test]
    fn each_of_many_documents_rings_once() {
        let signals = Signals::new();
        let ids: Vec<DocId> = (0..5).map(|n| DocId::mint(Slot::new(1).unwrap(), [n; 16])).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        for _ in 0..2 {
            ids.iter().chain(&ids).for_each(|id| signals.ring(*id));
            let mut rung: Vec<DocId> = signals.take().collect();
            rung.sort_unstable();
            assert_eq!(rung, sorted);
            assert_eq!(signals.take().count(), 0);
        }
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
