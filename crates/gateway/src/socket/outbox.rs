//! Messages to bytes as they go. Pure.
//!
//! Small messages are gathered into one piece, so that several go with one write; the payload of a large one is a piece
//! of its own and is not copied. An outbox that is empty holds no memory.

use super::frame::{HEAD_BYTES_MAX, Opcode, write_head};
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io::IoSlice;

/// A payload from here on is not copied.
const SHARED_BYTES_MIN: usize = 8 << 10;

/// Room for a message that is not known to be long.
const SHORT_BYTES: usize = 512;

/// What waits to be written.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Closed pieces, in order.
    pieces: VecDeque<Bytes>,
    /// The piece that is being gathered, behind all others.
    open: Vec<u8>,
    /// Bytes in all of them.
    bytes: usize,
}

impl Outbox {
    /// A message with a short payload.
    pub fn push(&mut self, opcode: Opcode, payload: &[u8]) {
        self.push_with(opcode, |out| {
            out.extend_from_slice(payload);
            Bytes::new()
        });
    }

    /// A message that `write` writes; what it gives stands behind that.
    pub fn push_with(&mut self, opcode: Opcode, write: impl FnOnce(&mut Vec<u8>) -> Bytes) {
        let start = self.open.len();
        if start == 0 {
            // A keystroke and what is around it: in one piece of memory, which does not grow step by step.
            self.open.reserve(SHORT_BYTES);
        }
        self.open.resize(start + HEAD_BYTES_MAX, 0);
        let tail = write(&mut self.open);
        let written = self.open.len() - start - HEAD_BYTES_MAX;
        let (head, size) = write_head(opcode, written + tail.len());
        // The head is as short as its length allows: what was written moves up to it.
        self.open[start..start + size].copy_from_slice(&head[..size]);
        self.open.copy_within(start + HEAD_BYTES_MAX.., start + size);
        self.open.truncate(start + size + written);
        self.bytes += size + written + tail.len();
        if tail.len() < SHARED_BYTES_MIN {
            self.open.extend_from_slice(&tail);
        } else {
            self.pieces.push_back(std::mem::take(&mut self.open).into());
            self.pieces.push_back(tail);
        }
    }

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// What to write next.
    pub fn slices(&self) -> impl Iterator<Item = IoSlice<'_>> {
        let open = Some(&self.open[..]).filter(|open| !open.is_empty());
        self.pieces.iter().map(|piece| &piece[..]).chain(open).map(IoSlice::new)
    }

    /// So many bytes were written.
    pub fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        if self.bytes == 0 {
            *self = Outbox::default();
            return;
        }
        while let Some(piece) = self.pieces.front_mut() {
            if piece.len() > written {
                return piece.advance(written);
            }
            written -= piece.len();
            self.pieces.pop_front();
        }
        if written > 0 {
            let mut rest = Bytes::from(std::mem::take(&mut self.open));
            rest.advance(written);
            self.pieces.push_back(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(outbox: &Outbox) -> Vec<u8> {
        outbox.slices().flat_map(|slice| slice.to_vec()).collect()
    }

    #[test]
    fn small_messages_share_a_piece_and_a_large_payload_is_not_copied() {
        let mut outbox = Outbox::default();
        outbox.push(Opcode::Text, b"ab");
        outbox.push(Opcode::Ping, b"");
        assert_eq!(outbox.slices().count(), 1);
        assert_eq!(all(&outbox), [0x81, 2, b'a', b'b', 0x89, 0]);

        let large = Bytes::from(vec![1; SHARED_BYTES_MIN]);
        let shared = large.clone();
        outbox.push_with(Opcode::Binary, |out| {
            out.push(9);
            shared
        });
        assert!(outbox.slices().any(|slice| slice.as_ptr() == large.as_ptr()));
        assert_eq!(outbox.len(), 6 + 4 + 1 + large.len());
        outbox.advance(outbox.len());
        assert!(outbox.is_empty() && outbox.pieces.capacity() == 0 && outbox.open.capacity() == 0);
    }

    proptest! {
        #[test]
        fn what_is_pushed_goes_out_in_order(
            sizes in proptest::collection::vec((0..300usize, 0..20_000usize), 1..6),
            step in 1..30_000usize,
        ) {
            let (mut outbox, mut expected, mut written) = (Outbox::default(), Vec::new(), Vec::new());
            for (front, behind) in sizes {
                let (head, size) = write_head(Opcode::Binary, front + behind);
                expected.extend_from_slice(&head[..size]);
                expected.extend(std::iter::repeat_n(1, front));
                expected.extend(std::iter::repeat_n(2, behind));
                outbox.push_with(Opcode::Binary, |out| {
                    out.extend(std::iter::repeat_n(1, front));
                    vec![2; behind].into()
                });
            }
            prop_assert_eq!(outbox.len(), expected.len());
            while !outbox.is_empty() {
                let mut next = all(&outbox);
                next.truncate(step);
                outbox.advance(next.len());
                written.extend(next);
            }
            prop_assert_eq!(written, expected);
        }
    }
}
