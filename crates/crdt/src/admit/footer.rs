//! What a change may carry behind its operations: the author of its actor.

use super::reader::Reader;

const AUTHOR: u64 = 0;

/// Whether the bytes name an author and nothing else.
pub(crate) fn is_author(footer: &[u8]) -> bool {
    let mut from = Reader::new(footer);
    from.unsigned() == Ok(AUTHOR) && from.bytes().is_ok() && from.is_empty()
}
