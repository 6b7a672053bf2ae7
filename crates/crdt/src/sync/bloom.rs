//! Bloom filters: a few bits for each change that somebody has. A filter never denies a change that is in it,
//! and now and then claims one that is not.

use base::Hash;

use super::error::SyncError;
use super::limits::Limits;
use crate::admit::Malformed;
use crate::admit::reader::Reader;
use crate::admit::writer::put_unsigned;

/// One change in a hundred is claimed wrongly.
const BITS_PER_CHANGE: u64 = 10;
const PROBES: u32 = 7;

/// A filter within a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bloom<'m> {
    probes: u32,
    bits: &'m [u8],
}

impl<'m> Bloom<'m> {
    /// Reads a filter from its bytes, without a copy. No bytes are a filter with nothing in it.
    pub fn decode(bytes: &'m [u8], limits: &Limits) -> Result<Self, SyncError> {
        let mut from = Reader::new(bytes);
        if from.is_empty() {
            return Ok(Bloom { probes: 0, bits: &[] });
        }
        let [changes, bits_per_change, probes] = [number(&mut from)?, number(&mut from)?, number(&mut from)?];
        if changes == 0 {
            return Ok(Bloom { probes: 0, bits: &[] });
        }
        let bits = from.take((u64::from(changes) * u64::from(bits_per_change)).div_ceil(8))?;
        if bits.is_empty() {
            return Err(Malformed("a filter has changes and no bits").into());
        }
        match (1..=limits.probes).contains(&probes) {
            true => Ok(Bloom { probes, bits }),
            false => Err(SyncError::BadProbes { probes, limit: limits.probes }),
        }
    }

    /// Whether there is nothing in the filter.
    pub fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    /// Whether the filter claims a change.
    pub fn claims(&self, change: &Hash) -> bool {
        let bit = |probe: usize| self.bits[probe / 8] & (1 << (probe % 8)) != 0;
        !self.is_empty() && probes(change, self.probes, self.bits.len()).all(bit)
    }
}

fn number(from: &mut Reader<'_>) -> Result<u32, Malformed> {
    u32::try_from(from.unsigned()?).map_err(|_| Malformed("a number of a filter has more than 32 bits"))
}

/// The bytes of a filter with these changes.
pub(super) fn encode(changes: &[Hash]) -> Vec<u8> {
    let mut out = Vec::new();
    if changes.is_empty() {
        return out;
    }
    let len = (changes.len() as u64 * BITS_PER_CHANGE).div_ceil(8) as usize;
    put_unsigned(&mut out, changes.len() as u64);
    put_unsigned(&mut out, BITS_PER_CHANGE);
    put_unsigned(&mut out, PROBES.into());
    let start = out.len();
    out.resize(start + len, 0);
    for change in changes {
        probes(change, PROBES, len).for_each(|probe| out[start + probe / 8] |= 1 << (probe % 8));
    }
    out
}

/// The bits of a change among those of so many bytes: x, x + y, x + 2y + z, … with x, y and z from its hash.
fn probes(change: &Hash, count: u32, bytes: usize) -> impl Iterator<Item = usize> {
    let modulus = 8 * bytes as u64;
    let word = |at: usize| {
        let word: [u8; 4] = std::array::from_fn(|i| change.0[at + i]);
        u64::from(u32::from_le_bytes(word)) % modulus
    };
    let sum = move |a: u64, b: u64| if a + b < modulus { a + b } else { a + b - modulus };
    let (mut x, mut y, z) = (word(0), word(4), word(8));
    (0..count).map(move |_| {
        let probe = x as usize;
        (x, y) = (sum(x, y), sum(y, z));
        probe
    })
}
