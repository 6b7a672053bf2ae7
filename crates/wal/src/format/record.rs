//! A record: one fact about one group.
//!
//! ```text
//!  0 u32  CRC32C of bytes 4.. to the payload's end, from the segment's seed
//!  4 u32  length of the payload
//!  8 u32  group
//! 12 u8   kind, then three zero bytes
//! 16 u64  index
//! 24 u64  term
//! 32 ..   payload
//! ```
//!
//! The checksum is the record's own, so that an entry can be read back without the rest of its frame.

use super::{u32_at, u64_at};
use crate::entry::GroupId;

/// The length of a record without its payload.
pub(crate) const HEADER_BYTES: usize = 32;

/// What a record says. The numbers are on disk: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub(crate) enum Kind {
    /// A new entry, behind the group's last.
    Entry = 1,
    /// An entry that the log already had, written again so that its old segment can go.
    Moved = 2,
    /// The group's vote, in place of the one before.
    Vote = 3,
    /// How far the group had committed, as its owner noted it.
    Committed = 4,
    /// Every entry from `index` on is void.
    Truncate = 5,
    /// Every entry up to and with `index` is no longer needed.
    Purge = 6,
    /// Everything about the group is void.
    Drop = 7,
    /// First in each segment: `index` is the segment before (0: none), `term` where its frames ended, the payload its
    /// last frame's check.
    Link = 8,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Self> {
        use Kind::*;
        [Entry, Moved, Vote, Committed, Truncate, Purge, Drop, Link]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// A record, borrowing its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) kind: Kind,
    pub(crate) group: GroupId,
    pub(crate) index: u64,
    pub(crate) term: u64,
    pub(crate) payload: &'a [u8],
}

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("a record runs past the end of its frame")]
    Short,
    #[error("a record fails its checksum")]
    Checksum,
    #[error("a record has the unknown kind {0}")]
    UnknownKind(u8),
}

impl<'a> Record<'a> {
    /// Its length on disk.
    pub(crate) fn bytes(&self) -> usize {
        HEADER_BYTES + self.payload.len()
    }

    /// Appends it to `out`.
    pub(crate) fn encode(&self, seed: u32, out: &mut Vec<u8>) {
        let start = out.len();
        let length = u32::try_from(self.payload.len()).expect("payloads are refused above a segment's size");
        let mut header = [0; HEADER_BYTES];
        header[4..8].copy_from_slice(&length.to_le_bytes());
        header[8..12].copy_from_slice(&self.group.0.to_le_bytes());
        header[12] = self.kind as u8;
        header[16..24].copy_from_slice(&self.index.to_le_bytes());
        header[24..].copy_from_slice(&self.term.to_le_bytes());
        out.reserve(self.bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(self.payload);
        let crc = crc32c::crc32c_append(seed, &out[start + 4..]);
        out[start..start + 4].copy_from_slice(&crc.to_le_bytes());
    }

    /// The record at the front of `bytes`.
    pub(crate) fn decode(seed: u32, bytes: &'a [u8]) -> Result<Self, RecordError> {
        if bytes.len() < HEADER_BYTES {
            return Err(RecordError::Short);
        }
        let end = HEADER_BYTES + u32_at(bytes, 4) as usize;
        let covered = bytes.get(4..end).ok_or(RecordError::Short)?;
        if u32_at(bytes, 0) != crc32c::crc32c_append(seed, covered) {
            return Err(RecordError::Checksum);
        }
        Ok(Self {
            kind: Kind::from_byte(bytes[12]).ok_or(RecordError::UnknownKind(bytes[12]))?,
            group: GroupId(u32_at(bytes, 8)),
            index: u64_at(bytes, 16),
            term: u64_at(bytes, 24),
            payload: &bytes[HEADER_BYTES..end],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: Record<'static> =
        Record { kind: Kind::Entry, group: GroupId(4), index: 5, term: 6, payload: b"payload" };

    #[test]
    fn comes_back_and_notices_a_flipped_bit() {
        let mut bytes = Vec::new();
        RECORD.encode(3, &mut bytes);
        assert_eq!(bytes.len(), RECORD.bytes());
        assert_eq!(Record::decode(3, &bytes), Ok(RECORD));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Record::decode(3, &flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_length_past_the_end_is_refused_before_anything_is_read() {
        let mut bytes = Vec::new();
        RECORD.encode(3, &mut bytes);
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Record::decode(3, &bytes), Err(RecordError::Short));
    }
}
