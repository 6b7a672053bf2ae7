//! The file `folder`: who this log is. Every segment repeats the id, so that a file copied in from another log is seen.
//!
//! ```text
//!  0 [8]  magic "CTXHDIR\n"     12 [16] folder id
//!  8 u32  format                28 u32  CRC32C of bytes 0..28
//! ```

use super::header::HeaderError;
use super::{FORMAT, u32_at};

/// The name of the file inside the folder.
pub(crate) const NAME: &str = "folder";
/// What it is called while it is being written.
pub(crate) const UNFINISHED: &str = "folder.tmp";
/// Its length.
pub(crate) const BYTES: usize = 32;

const MAGIC: &[u8; 8] = b"CTXHDIR\n";

/// Sixteen random bytes, drawn once when the folder is made.
pub(crate) type FolderId = [u8; 16];

/// The file's content for this id.
pub(crate) fn encode(id: &FolderId) -> [u8; BYTES] {
    let mut out = [0; BYTES];
    out[..8].copy_from_slice(MAGIC);
    out[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    out[12..28].copy_from_slice(id);
    let crc = crc32c::crc32c(&out[..28]);
    out[28..].copy_from_slice(&crc.to_le_bytes());
    out
}

/// The id in the file's content.
pub(crate) fn decode(bytes: &[u8]) -> Result<FolderId, HeaderError> {
    if bytes.len() < BYTES || &bytes[..8] != MAGIC {
        return Err(HeaderError::NotOurs);
    }
    let version = u32_at(bytes, 8);
    if version > FORMAT {
        return Err(HeaderError::Newer { version });
    }
    if u32_at(bytes, 28) != crc32c::crc32c(&bytes[..28]) {
        return Err(HeaderError::Checksum);
    }
    Ok(bytes[12..28].try_into().expect("a slice of sixteen bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_and_notices_a_flipped_bit() {
        let bytes = encode(&[7; 16]);
        assert_eq!(decode(&bytes), Ok([7; 16]));
        for bit in 0..BYTES * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&flipped).is_err(), "bit {bit}");
        }
    }
}
