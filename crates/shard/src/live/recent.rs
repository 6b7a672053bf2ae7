//! The bytes of a document's newest changes, at hand for those who follow closely.

use bytes::Bytes;
use std::collections::VecDeque;

/// Bytes that are kept of one document.
const KEPT_BYTES: usize = 32 << 10;

/// Changes that are kept: an entry takes memory, too, however small its change.
const KEPT_CHANGES: usize = 512;

/// The newest changes of a graph, without gaps up to its end.
#[derive(Debug, Default)]
pub struct Recent {
    /// Where the first one stands in the graph.
    first: usize,
    chunks: VecDeque<Bytes>,
    bytes: usize,
}

impl Recent {
    /// Nothing of a graph of `len` changes.
    pub fn after(len: usize) -> Recent {
        Recent { first: len, ..Recent::default() }
    }

    /// Adds the next change.
    pub fn push(&mut self, chunk: Bytes) {
        self.bytes += chunk.len();
        self.chunks.push_back(chunk);
        while self.bytes > KEPT_BYTES || self.chunks.len() > KEPT_CHANGES {
            let Some(oldest) = self.chunks.pop_front() else { break };
            self.bytes -= oldest.len();
            self.first += 1;
        }
    }

    /// The change at a place in the graph, if it is kept.
    pub fn at(&self, position: usize) -> Option<&Bytes> {
        self.chunks.get(position.checked_sub(self.first)?)
    }

    /// Bytes of memory that it takes, about.
    pub fn weight(&self) -> usize {
        self.bytes + self.chunks.capacity() * size_of::<Bytes>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_no_more_than_fit() {
        let mut recent = Recent::after(10);
        assert_eq!(recent.at(9), None);
        for number in 0..100u8 {
            recent.push(Bytes::from(vec![number; 1_024]));
        }
        assert_eq!(recent.at(109).unwrap()[0], 99);
        assert_eq!(recent.at(110 - 32).unwrap()[0], 68);
        assert_eq!(recent.at(109 - 32), None);
        assert!(recent.weight() <= KEPT_BYTES + 128 * size_of::<Bytes>());
    }

    #[test]
    fn many_small_ones_are_bounded_by_number() {
        let mut recent = Recent::after(0);
        (0..10_000).for_each(|_| recent.push(Bytes::from_static(b"x")));
        assert_eq!(recent.at(10_000 - KEPT_CHANGES - 1), None);
        assert!(recent.at(10_000 - KEPT_CHANGES).is_some());
    }
}
