//! Bounds what a gateway takes on at once: requests, and the bytes of their bodies. What is too much is refused, not
//! queued: a queue would only make everyone late.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of places. What is taken never exceeds the limit.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Arc<Places>,
}

#[derive(Debug)]
struct Places {
    taken: AtomicUsize,
    limit: usize,
}

/// The right to some places; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    places: Arc<Places>,
    held: usize,
}

impl Gate {
    /// A gate with `limit` places.
    pub fn new(limit: usize) -> Gate {
        Gate { places: Arc::new(Places { taken: AtomicUsize::new(0), limit }) }
    }

    /// Takes one place, if there is one.
    pub fn enter(&self) -> Option<Pass> {
        let mut pass = self.pass();
        pass.grow(1).then_some(pass)
    }

    /// A right to no place yet.
    pub fn pass(&self) -> Pass {
        Pass { places: self.places.clone(), held: 0 }
    }

    /// How many places are taken.
    pub fn taken(&self) -> usize {
        self.places.taken.load(Ordering::Relaxed)
    }

    /// How many places there are.
    pub fn limit(&self) -> usize {
        self.places.limit
    }
}

impl Pass {
    /// Takes more places, all or none. While others are turned away the count runs over the limit for a moment, and
    /// one who would have found room may be turned away with them; nobody is let in beyond it.
    pub fn grow(&mut self, more: usize) -> bool {
        let before = self.places.taken.fetch_add(more, Ordering::Relaxed);
        let fits = before.saturating_add(more) <= self.places.limit;
        if fits {
            self.held += more;
        } else {
            self.places.taken.fetch_sub(more, Ordering::Relaxed);
        }
        fits
    }

    /// How many places it is the right to.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Hands over the right to all places that are held here; none are left.
    pub fn take(&mut self) -> Pass {
        Pass { places: self.places.clone(), held: std::mem::take(&mut self.held) }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.places.taken.fetch_sub(self.held, Ordering::Relaxed);
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
        assert_eq!(gate.taken(), 1);
        let third = gate.enter();
        assert!(third.is_some());
        drop((second, third));
        assert_eq!(gate.taken(), 0);
    }

    #[test]
    fn a_pass_grows_while_there_is_room() {
        let gate = Gate::new(10);
        let (mut small, mut large) = (gate.pass(), gate.pass());
        assert!(small.grow(3) && large.grow(7) && large.grow(0));
        assert!(!small.grow(1) && !small.grow(usize::MAX / 2));
        drop(large);
        assert!(small.grow(7));
        let taken = small.take();
        drop(small);
        assert_eq!(gate.taken(), 10);
        drop(taken);
        assert_eq!(gate.taken(), 0);
    }
}
