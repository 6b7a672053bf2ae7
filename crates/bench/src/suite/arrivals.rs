//! When changes of many hands have come to everyone who waits for them.

use crate::measure::Histogram;
use std::collections::HashMap;
use tokio::time::Instant;

/// What is under way.
#[derive(Default)]
pub struct Arrivals {
    waiting: HashMap<usize, Waiting>,
    /// From when a key was due until the last of those who wait for it had it.
    pub to_last: Histogram,
    /// How often a change came to a client, watched or not.
    pub deliveries: u64,
}

struct Waiting {
    due: Instant,
    readers: usize,
}

impl Arrivals {
    /// A change for which `readers` wait; `due` is when its key was to be pressed, so that a client that is late is late.
    pub fn expect(&mut self, change: usize, due: Instant, readers: usize) {
        self.waiting.insert(change, Waiting { due, readers });
    }

    /// Changes have come to a client that nobody waits for.
    pub fn pass(&mut self, changes: &[usize]) {
        self.deliveries += changes.len() as u64;
    }

    /// Changes have come to one of those who are waited for.
    pub fn arrive(&mut self, changes: &[usize]) {
        self.pass(changes);
        for change in changes {
            let Some(waiting) = self.waiting.get_mut(change) else { continue };
            waiting.readers -= 1;
            if waiting.readers == 0 {
                self.to_last.record(waiting.due.elapsed());
                self.waiting.remove(change);
            }
        }
    }

    /// Whether everything has come to everyone.
    pub fn all_there(&self) -> bool {
        self.waiting.is_empty()
    }

    /// A percentile in milliseconds.
    pub fn millis(&self, quantile: f64) -> f64 {
        self.to_last.quantile(quantile).as_secs_f64() * 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_reader_counts() {
        let mut arrivals = Arrivals::default();
        arrivals.expect(7, Instant::now(), 2);
        arrivals.arrive(&[5, 7]);
        assert!(!arrivals.all_there() && arrivals.to_last.count() == 0);
        arrivals.pass(&[7]);
        arrivals.arrive(&[7]);
        assert!(arrivals.all_there() && arrivals.to_last.count() == 1);
        assert_eq!(arrivals.deliveries, 4);
    }
}
