//! Change hashes and heads: the exact version of a document.

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The SHA-256 hash that names a change.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

/// The hashes of the changes that no other change depends on, sorted. Empty only for a document without changes.
pub type Heads = Vec<Hash>;

/// A text that is not 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a change hash: expected 64 hexadecimal digits")]
pub struct HashError;

/// A short name of heads, as it stands in an `ETag`: the first 16 bytes of SHA-256 over the sorted hashes, in hex.
pub fn heads_tag(heads: &[Hash]) -> String {
    debug_assert!(heads.is_sorted(), "heads are sorted where they are made");
    let mut digest = Sha256::new();
    for head in heads {
        digest.update(head.0);
    }
    to_hex(&digest.finalize()[..16])
}

fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 0xf)] as char);
    }
    text
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Hash, HashError> {
        let digits: &[u8; 64] = text.as_bytes().try_into().map_err(|_| HashError)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (nibble(pair[0]).ok_or(HashError)?, nibble(pair[1]).ok_or(HashError)?);
            *byte = (high << 4) | low;
        }
        Ok(Hash(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0[..4]))
    }
}

impl serde::Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        crate::json::from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_back() {
        let hash = Hash(std::array::from_fn(|i| (i * 37) as u8));
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(hash.to_string().to_uppercase().parse(), Ok(hash));
        assert_eq!("12".parse::<Hash>(), Err(HashError));
        assert_eq!("g".repeat(64).parse::<Hash>(), Err(HashError));
        assert_eq!("é".repeat(32).parse::<Hash>(), Err(HashError));
    }

    #[test]
    fn a_tag_tells_heads_apart() {
        let (a, b) = (Hash([1; 32]), Hash([2; 32]));
        assert_ne!(heads_tag(&[a]), heads_tag(&[b]));
        assert_ne!(heads_tag(&[a]), heads_tag(&[a, b]));
        assert_eq!(heads_tag(&[a]).len(), 32);
    }
}
