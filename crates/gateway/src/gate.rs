//! Bounds the requests that a gateway works on at once. The next one is refused, not queued: a queue would only make
//! everyone late.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts requests in flight, up to a limit.
#[derive(Debug)]
pub(crate) struct Gate {
    inside: Arc<AtomicUsize>,
    limit: usize,
}

/// The right to be worked on; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    inside: Arc<AtomicUsize>,
}

impl Gate {
    /// A gate for `limit` requests at once.
    pub fn new(limit: usize) -> Gate {
        Gate { inside: Arc::default(), limit }
    }

    /// Lets one more in, if there is room.
    pub fn enter(&self) -> Option<Pass> {
        // The count may run over the limit for a moment while others are turned away; it is never let in beyond it.
        if self.inside.fetch_add(1, Ordering::Relaxed) < self.limit {
            return Some(Pass { inside: self.inside.clone() });
        }
        self.inside.fetch_sub(1, Ordering::Relaxed);
        None
    }

    /// How many are inside.
    pub fn inside(&self) -> usize {
        self.inside.load(Ordering::Relaxed)
    }

    /// How many may be.
    pub fn limit(&self) -> usize {
        self.limit
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_limit_are_inside() {
        let gate = Gate::new(2);
        let (first, second) = (gate.enter().unwrap(), gate.enter().unwrap());
        assert!(gate.enter().is_none() && gate.enter().is_none());
        drop(first);
        assert_eq!(gate.inside(), 1);
        let third = gate.enter();
        assert!(third.is_some());
        drop((second, third));
        assert_eq!(gate.inside(), 0);
    }
}
