//! The first block of a segment.
//!
//! ```text
//!  0 [8]  magic "CTXHWAL\n"     32 u64  salt, random for each life of the file
//!  8 u32  format                40 u64  capacity: the file's length
//! 12 u32  sequence              48 u32  CRC32C of bytes 0..48
//! 16 [16] folder id
//! ```
//!
//! A file gets its segment name only after its header has been synced: a segment whose header does not check is damage,
//! never the trace of a crash.

use super::folder::FolderId;
use super::{FORMAT, u32_at, u64_at};

/// The length of the header; the rest of its block is zero.
pub(crate) const BYTES: usize = 52;

const MAGIC: &[u8; 8] = b"CTXHWAL\n";

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) sequence: u32,
    pub(crate) folder: FolderId,
    pub(crate) salt: u64,
    pub(crate) capacity: u64,
}

/// Why the first bytes of a file are not a header that this build reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Another program's file, or one too short to say.
    #[error("it does not begin as a file of this log does")]
    NotOurs,
    /// A later release wrote it.
    #[error("its format is {version}, newer than this build reads; start the release that wrote it")]
    Newer {
        /// The format that the file names.
        version: u32,
    },
    /// The header's own checksum fails.
    #[error("its header fails its checksum; restore the file or rebuild this replica")]
    Checksum,
}

impl SegmentHeader {
    /// The value from which every checksum of this segment starts.
    pub(crate) fn seed(&self) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&self.salt.to_le_bytes()), &self.sequence.to_le_bytes())
    }

    pub(crate) fn encode(&self) -> [u8; BYTES] {
        let mut out = [0; BYTES];
        out[..8].copy_from_slice(MAGIC);
        out[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        out[12..16].copy_from_slice(&self.sequence.to_le_bytes());
        out[16..32].copy_from_slice(&self.folder);
        out[32..40].copy_from_slice(&self.salt.to_le_bytes());
        out[40..48].copy_from_slice(&self.capacity.to_le_bytes());
        let crc = crc32c::crc32c(&out[..48]);
        out[48..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        if bytes.len() < BYTES || &bytes[..8] != MAGIC {
            return Err(HeaderError::NotOurs);
        }
        let version = u32_at(bytes, 8);
        if version > FORMAT {
            return Err(HeaderError::Newer { version });
        }
        if u32_at(bytes, 48) != crc32c::crc32c(&bytes[..48]) {
            return Err(HeaderError::Checksum);
        }
        Ok(Self {
            sequence: u32_at(bytes, 12),
            folder: bytes[16..32].try_into().expect("a slice of sixteen bytes"),
            salt: u64_at(bytes, 32),
            capacity: u64_at(bytes, 40),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: SegmentHeader = SegmentHeader { sequence: 3, folder: [9; 16], salt: 77, capacity: 1 << 26 };

    #[test]
    fn comes_back_and_notices_a_flipped_bit() {
        let bytes = HEADER.encode();
        assert_eq!(SegmentHeader::decode(&bytes), Ok(HEADER));
        for bit in 0..BYTES * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHeader::decode(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_newer_format_is_named_before_its_checksum_is_judged() {
        let mut bytes = HEADER.encode();
        bytes[8..12].copy_from_slice(&2u32.to_le_bytes());
        assert_eq!(SegmentHeader::decode(&bytes), Err(HeaderError::Newer { version: 2 }));
    }

    #[test]
    fn a_new_salt_is_a_new_seed() {
        assert_ne!(HEADER.seed(), SegmentHeader { salt: 78, ..HEADER }.seed());
    }
}
