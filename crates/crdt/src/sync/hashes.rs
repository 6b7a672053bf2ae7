//! A list of hashes within a message, left where it is.

use std::fmt;

use base::Hash;

const HASH_BYTES: usize = 32;

/// Hashes that stand one behind the other in a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hashes<'m>(&'m [u8]);

impl<'m> Hashes<'m> {
    /// How many bytes so many hashes take.
    pub(super) fn bytes(count: u64) -> u64 {
        count.saturating_mul(HASH_BYTES as u64)
    }

    /// Bytes whose number is a multiple of a hash's.
    pub(super) fn new(bytes: &'m [u8]) -> Self {
        debug_assert!(bytes.len().is_multiple_of(HASH_BYTES));
        Hashes(bytes)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len() / HASH_BYTES
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The hashes in the order in which they stand.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Hash> + use<'m> {
        self.0.as_chunks().0.iter().map(|bytes| Hash(*bytes))
    }

    /// The hashes in order, each once.
    pub fn sorted(&self) -> Vec<Hash> {
        let mut hashes: Vec<Hash> = self.iter().collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    /// Whether these are the same, in the same order.
    pub fn are(&self, others: &[Hash]) -> bool {
        self.len() == others.len() && self.iter().zip(others).all(|(mine, other)| mine == *other)
    }
}

impl fmt::Debug for Hashes<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}
