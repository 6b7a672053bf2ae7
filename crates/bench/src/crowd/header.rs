//! What a header-only client reads of a sync message: whose heads, and how many changes it carries.

use super::Hash;
use thiserror::Error;

/// The first byte of a message, by version.
const VERSIONS: [u8; 2] = [0x42, 0x43];
/// What every chunk begins with.
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// Magic, checksum.
const BEFORE_KIND: usize = 8;
/// The kind of a chunk that holds a whole document.
const WHOLE_DOCUMENT: u8 = 0;

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// It ends too early.
    #[error("a sync message ends in the middle")]
    Short,
    /// It is something else.
    #[error("not a sync message: it begins with {0:#04x}")]
    Version(u8),
    /// Where a change should be is something else.
    #[error("a sync message carries something that is no chunk")]
    Chunk,
}

/// A sync message, skimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// The heads of the sender.
    pub heads: &'a [Hash],
    /// How many changes it carries; of a whole document it says nothing.
    pub changes: usize,
    /// Whether it carries a whole document.
    pub whole: bool,
}

impl<'a> Header<'a> {
    /// Skims a message.
    pub fn read(message: &'a [u8]) -> Result<Header<'a>, HeaderError> {
        let mut rest = Rest(message);
        let version = rest.byte()?;
        if !VERSIONS.contains(&version) {
            return Err(HeaderError::Version(version));
        }
        let heads = rest.hashes()?;
        rest.hashes()?;
        for _ in 0..rest.number()? {
            rest.hashes()?;
            rest.prefixed()?;
        }
        let mut header = Header { heads, changes: 0, whole: false };
        for _ in 0..rest.number()? {
            header.count(rest.prefixed()?)?;
        }
        Ok(header)
    }

    /// Whether it carries anything.
    pub fn is_empty(&self) -> bool {
        self.changes == 0 && !self.whole
    }

    fn count(&mut self, chunks: &[u8]) -> Result<(), HeaderError> {
        let mut rest = Rest(chunks);
        while !rest.0.is_empty() {
            let head = rest.take(BEFORE_KIND)?;
            if head[..MAGIC.len()] != MAGIC {
                return Err(HeaderError::Chunk);
            }
            match rest.byte()? {
                WHOLE_DOCUMENT => self.whole = true,
                _ => self.changes += 1,
            }
            rest.prefixed()?;
        }
        Ok(())
    }
}

/// What of a message was not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], HeaderError> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(HeaderError::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, HeaderError> {
        Ok(self.take(1)?[0])
    }

    /// LEB128; what does not fit is more than a message can hold.
    fn number(&mut self) -> Result<usize, HeaderError> {
        let mut number = 0;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(HeaderError::Short)
    }

    fn prefixed(&mut self) -> Result<&'a [u8], HeaderError> {
        let bytes = self.number()?;
        self.take(bytes)
    }

    fn hashes(&mut self) -> Result<&'a [Hash], HeaderError> {
        let bytes = self.number()?.checked_mul(size_of::<Hash>()).ok_or(HeaderError::Short)?;
        Ok(self.take(bytes)?.as_chunks().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automerge::sync::{self, SyncDoc};
    use automerge::transaction::Transactable;
    use automerge::{AutoCommit, ROOT};
    use proptest::prelude::*;

    /// What a stock client that has `changes` changes sends to one that has none, once it knows that.
    fn first_delivery(changes: usize) -> (Vec<u8>, Vec<Hash>) {
        let mut document = AutoCommit::new();
        for number in 0..changes {
            document.put(ROOT, "number", number as i64).unwrap();
            document.commit();
        }
        let (mut from, mut to) = (sync::State::new(), sync::State::new());
        let mut nothing = AutoCommit::new();
        let wish = nothing.sync().generate_sync_message(&mut to).unwrap();
        document.sync().receive_sync_message(&mut from, wish).unwrap();
        let heads = document.get_heads().iter().map(|head| head.0).collect();
        (document.sync().generate_sync_message(&mut from).unwrap().encode(), heads)
    }

    #[test]
    fn a_first_delivery_is_a_whole_document() {
        let (message, heads) = first_delivery(3);
        assert_eq!(Header::read(&message).unwrap(), Header { heads: &heads, changes: 0, whole: true });
    }

    #[test]
    fn a_message_without_changes_is_empty() {
        let heads = [[7; 32], [8; 32]];
        let message = crate::crowd::say::acknowledge(&heads);
        let header = Header::read(&message).unwrap();
        assert!(header.is_empty() && header.heads == heads);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, version in prop::sample::select(&VERSIONS[..])) {
            let message = [&[version], bytes.as_slice()].concat();
            if let Ok(header) = Header::read(&message) {
                prop_assert!(size_of_val(header.heads) <= message.len());
            }
        }

        #[test]
        fn a_message_that_is_cut_is_refused(changes in 1usize..5, cut: prop::sample::Index) {
            let (message, _) = first_delivery(changes);
            // What follows the changes are flags, which are not read: a length and two bytes.
            let cut = cut.index(message.len() - 3);
            prop_assert_eq!(Header::read(&message[..cut]).unwrap_err(), HeaderError::Short);
        }
    }
}
