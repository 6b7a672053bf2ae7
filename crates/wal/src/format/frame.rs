//! A frame: what one write put on disk, and so what one crash can tear.
//!
//! ```text
//!  0 u32  check: CRC32C of bytes 4..16, from the segment's seed
//!  4 u32  length of the body
//!  8 u32  CRC32C of the body, from the segment's seed
//! 12 u32  the check of the frame before; the seed in the first frame
//! 16 ..   body: records, one after the other
//! ```
//!
//! Frames start at multiples of eight. The check covers the body's checksum and the check before it, so frames are a chain;
//! and as each frame can also be checked alone, what follows a damaged one can still be recognised. Sixteen zero bytes end
//! a log: a body is never empty.

use super::{record, u32_at};

/// The length of a frame's header.
pub(crate) const HEADER_BYTES: usize = 16;
/// Frames start at multiples of this.
pub(crate) const ALIGNMENT: u64 = 8;

/// A frame's header, known to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) check: u32,
    pub(crate) body_bytes: u32,
    pub(crate) body_crc: u32,
    pub(crate) previous: u32,
}

impl FrameHeader {
    /// The header for a body of this length and checksum, behind the frame whose check is `previous`.
    pub(crate) fn new(seed: u32, previous: u32, body_bytes: usize, body_crc: u32) -> Self {
        let body_bytes = u32::try_from(body_bytes).expect("a segment is below 4 GiB, so a frame is");
        let mut header = Self { check: 0, body_bytes, body_crc, previous };
        header.check = crc32c::crc32c_append(seed, &header.encode()[4..]);
        header
    }

    /// The header for `body`.
    pub(crate) fn for_body(seed: u32, previous: u32, body: &[u8]) -> Self {
        Self::new(seed, previous, body.len(), crc32c::crc32c_append(seed, body))
    }

    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        out[..4].copy_from_slice(&self.check.to_le_bytes());
        out[4..8].copy_from_slice(&self.body_bytes.to_le_bytes());
        out[8..12].copy_from_slice(&self.body_crc.to_le_bytes());
        out[12..].copy_from_slice(&self.previous.to_le_bytes());
        out
    }

    /// The header in these bytes, if they are one of this segment and its body may be `room` bytes long.
    pub(crate) fn decode(seed: u32, bytes: &[u8], room: u64) -> Option<Self> {
        let body_bytes = u32_at(bytes, 4);
        // The cheap test first: a search over a whole segment asks this at every eighth byte.
        if (body_bytes as usize) < record::HEADER_BYTES || u64::from(body_bytes) > room {
            return None;
        }
        let check = u32_at(bytes, 0);
        (check == crc32c::crc32c_append(seed, &bytes[4..HEADER_BYTES])).then(|| Self {
            check,
            body_bytes,
            body_crc: u32_at(bytes, 8),
            previous: u32_at(bytes, 12),
        })
    }

    /// Whether `body` is the one that this header was made for.
    pub(crate) fn holds(&self, seed: u32, body: &[u8]) -> bool {
        self.body_crc == crc32c::crc32c_append(seed, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_under_its_own_seed_only() {
        let body = [5; 40];
        let header = FrameHeader::for_body(11, 22, &body);
        assert_eq!(FrameHeader::decode(11, &header.encode(), 40), Some(header));
        assert!(header.holds(11, &body));
        assert_eq!(FrameHeader::decode(12, &header.encode(), 40), None);
        assert!(!header.holds(12, &body));
    }

    #[test]
    fn a_body_longer_than_the_room_is_no_frame() {
        let header = FrameHeader::for_body(11, 22, &[5; 40]);
        assert_eq!(FrameHeader::decode(11, &header.encode(), 39), None);
    }

    #[test]
    fn zeros_are_no_frame() {
        assert_eq!(FrameHeader::decode(0, &[0; HEADER_BYTES], u64::MAX), None);
    }
}
