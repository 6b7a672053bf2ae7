//! Cutting many chunks into pieces, without reading what is in them.
//!
//! One sender's thousands of changes come in one message. Whoever shares out work among senders takes a piece at a
//! time.

use bytes::Bytes;

use super::chunk::MAGIC;
use super::reader::Reader;

/// Bytes of a chunk before the length of its body: magic, checksum and type.
const HEAD_BYTES: u64 = 9;

/// The same bytes in pieces of whole chunks: each as long as fits into `piece_bytes`, or one chunk that is longer.
/// Bytes that are no chunks are the rest of a piece, for admission to name what is wrong with them.
pub fn pieces(bytes: &Bytes, piece_bytes: usize) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    let (mut start, mut end) = (0, 0);
    while end < bytes.len() {
        let next = match chunk_bytes(&bytes[end..]) {
            Some(length) => end + length,
            None => bytes.len(),
        };
        if next - start > piece_bytes && end > start {
            pieces.push(bytes.slice(start..end));
            start = end;
        }
        end = next;
    }
    if end > start {
        pieces.push(bytes.slice(start..end));
    }
    pieces
}

/// How many chunks these are.
pub fn count(bytes: &[u8]) -> usize {
    let (mut rest, mut count) = (bytes, 0);
    while let Some((_, behind)) = chunk_bytes(rest).and_then(|length| rest.split_at_checked(length)) {
        (rest, count) = (behind, count + 1);
    }
    count
}

/// How long the first chunk is, if there is a whole one.
fn chunk_bytes(bytes: &[u8]) -> Option<usize> {
    let mut from = Reader::new(bytes);
    from.take(HEAD_BYTES).ok().filter(|head| head.starts_with(&MAGIC))?;
    from.bytes().ok()?;
    Some(bytes.len() - from.rest().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chunk(body_bytes: usize) -> Vec<u8> {
        crate::admit::chunk::seal(1, &vec![7; body_bytes]).1
    }

    proptest! {
        #[test]
        fn pieces_are_the_same_bytes_cut_between_chunks(
            bodies in prop::collection::vec(0..300usize, 0..20),
            piece_bytes in 1..500usize,
            rest in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let chunks: Vec<_> = bodies.iter().map(|body| chunk(*body)).collect();
            let whole = Bytes::from([chunks.concat(), rest].concat());
            let pieces = pieces(&whole, piece_bytes);
            prop_assert_eq!(count(&whole), bodies.len());
            prop_assert_eq!(pieces.concat(), &whole[..]);
            let ends: Vec<_> = chunks.iter().scan(0, |end, chunk| { *end += chunk.len(); Some(*end) }).collect();
            let mut at = 0;
            for piece in &pieces {
                prop_assert!(at == 0 || ends.contains(&at));
                prop_assert!(piece.len() <= piece_bytes || chunk_bytes(piece).is_none_or(|one| one >= piece.len()) || at + piece.len() == whole.len());
                at += piece.len();
            }
        }
    }
}
