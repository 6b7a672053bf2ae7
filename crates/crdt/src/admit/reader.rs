//! Reads numbers and byte strings from untrusted bytes. Total: every input gives a value or `Malformed`,
//! nothing is allocated, and nothing is read past the end.

use base::Hash;
use thiserror::Error;

/// Bytes that do not hold what their format says must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// The unread rest of some bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let (&first, rest) = self.0.split_first().ok_or(Malformed("the bytes end too early"))?;
        self.0 = rest;
        Ok(first)
    }

    pub(crate) fn take(&mut self, len: u64) -> Result<&'a [u8], Malformed> {
        let len = usize::try_from(len).map_err(|_| Malformed("a length is larger than memory"))?;
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Malformed("the bytes end too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// Bytes with their length before them.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.unsigned()?;
        self.take(len)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed("a text is not UTF-8"))
    }

    pub(crate) fn hash(&mut self) -> Result<Hash, Malformed> {
        let bytes = self.take(32)?;
        let bytes = bytes.try_into().map_err(|_| Malformed("a hash is not 32 bytes long"))?;
        Ok(Hash(bytes))
    }

    /// A LEB128 number in its shortest form.
    pub(crate) fn unsigned(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && byte > 1 {
                return Err(Malformed("a number has more than 64 bits"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return match shift > 0 && byte == 0 {
                    true => Err(Malformed("a number is longer than it needs to be")),
                    false => Ok(value),
                };
            }
        }
        Err(Malformed("a number has more than 64 bits"))
    }

    /// A signed LEB128 number in its shortest form.
    pub(crate) fn signed(&mut self) -> Result<i64, Malformed> {
        let mut value = 0i64;
        let mut previous = 0u8;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte != 0 && byte != 0x7f {
                return Err(Malformed("a number has more than 64 bits"));
            }
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let padded = (byte == 0 && previous & 0x40 == 0) || (byte == 0x7f && previous & 0x40 != 0);
                if shift > 0 && padded {
                    return Err(Malformed("a number is longer than it needs to be"));
                }
                if shift < 57 && byte & 0x40 != 0 {
                    value |= -1 << (shift + 7);
                }
                return Ok(value);
            }
            previous = byte;
        }
        Err(Malformed("a number has more than 64 bits"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::admit::writer::{put_signed, put_unsigned};

    proptest! {
        #[test]
        fn reads_what_was_written(unsigned: u64, signed: i64) {
            let mut bytes = Vec::new();
            put_unsigned(&mut bytes, unsigned);
            put_signed(&mut bytes, signed);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.unsigned(), Ok(unsigned));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn a_number_has_one_form(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut reader = Reader::new(&bytes);
            if let Ok(value) = reader.unsigned() {
                let mut again = Vec::new();
                put_unsigned(&mut again, value);
                prop_assert_eq!(&again[..], &bytes[..bytes.len() - reader.rest().len()]);
            }
            let mut reader = Reader::new(&bytes);
            if let Ok(value) = reader.signed() {
                let mut again = Vec::new();
                put_signed(&mut again, value);
                prop_assert_eq!(&again[..], &bytes[..bytes.len() - reader.rest().len()]);
            }
        }
    }

    #[test]
    fn never_reads_past_the_end() {
        assert!(Reader::new(&[]).byte().is_err());
        assert!(Reader::new(&[1, 2]).take(3).is_err());
        assert!(Reader::new(&[1, 2]).take(u64::MAX).is_err());
        assert!(Reader::new(&[0x80; 20]).unsigned().is_err());
        assert!(Reader::new(&[0xff; 20]).signed().is_err());
    }
}
