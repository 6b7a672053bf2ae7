//! The bytes on disk, format 1, and nothing else: no file, no clock, no lock.
//!
//! A segment is one header block and then frames; a frame is a list of records. `docs/data-layout.md` draws it. All
//! numbers are little endian. Every checksum below the header is CRC32C started from the segment's seed, which is drawn
//! from a random salt: bytes that an earlier life of the file left behind never pass for new ones.

pub(crate) mod folder;
pub(crate) mod frame;
pub(crate) mod header;
pub(crate) mod record;

/// The format that this build writes, and the newest that it reads.
pub(crate) const FORMAT: u32 = 1;

/// The unit of writing. Whole blocks are written so that the kernel never has to read one first.
pub(crate) const BLOCK: u64 = 4096;

/// Rounds up to a multiple of `unit`, which is a power of two.
pub(crate) const fn align(value: u64, unit: u64) -> u64 {
    (value + unit - 1) & !(unit - 1)
}

/// Reads four bytes at `at`. The caller has checked the length.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("a slice of four bytes"))
}

/// Reads eight bytes at `at`. The caller has checked the length.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("a slice of eight bytes"))
}
