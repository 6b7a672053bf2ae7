//! Writes items with the shortest heads.

use super::{major, simple};

/// Writes items behind what is there already.
#[derive(Debug)]
pub(crate) struct Writer<'b> {
    out: &'b mut Vec<u8>,
}

impl<'b> Writer<'b> {
    pub fn new(out: &'b mut Vec<u8>) -> Writer<'b> {
        Writer { out }
    }

    pub fn map(&mut self, pairs: usize) -> &mut Self {
        self.head(major::MAP, pairs as u64)
    }

    pub fn array(&mut self, items: usize) -> &mut Self {
        self.head(major::ARRAY, items as u64)
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        self.head(major::TEXT, text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
        self
    }

    /// The head of so many bytes; they come next.
    pub fn bytes_head(&mut self, length: usize) -> &mut Self {
        self.head(major::BYTES, length as u64)
    }

    pub fn bool(&mut self, value: bool) -> &mut Self {
        let value = if value { simple::TRUE } else { simple::FALSE };
        self.out.push(major::SIMPLE << 5 | value);
        self
    }

    /// A number of JavaScript: what takes more than four bytes is a float there.
    pub fn number(&mut self, number: u64) -> &mut Self {
        if u32::try_from(number).is_ok() {
            return self.head(major::UNSIGNED, number);
        }
        self.out.push(major::SIMPLE << 5 | simple::DOUBLE);
        self.out.extend_from_slice(&(number as f64).to_be_bytes());
        self
    }

    fn head(&mut self, major: u8, argument: u64) -> &mut Self {
        let major = major << 5;
        match argument {
            0..=23 => self.out.push(major | argument as u8),
            24..=0xff => self.out.extend_from_slice(&[major | 24, argument as u8]),
            0x100..=0xffff => {
                self.out.push(major | 25);
                self.out.extend_from_slice(&(argument as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                self.out.push(major | 26);
                self.out.extend_from_slice(&(argument as u32).to_be_bytes());
            }
            _ => {
                self.out.push(major | 27);
                self.out.extend_from_slice(&argument.to_be_bytes());
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Item, Reader};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(text: String, bytes: Vec<u8>, number in 0..=1u64 << 53, yes: bool) {
            let mut out = Vec::new();
            Writer::new(&mut out).text(&text).bytes_head(bytes.len());
            out.extend_from_slice(&bytes);
            Writer::new(&mut out).number(number).bool(yes).map(bytes.len());
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.item(), Ok(Item::Text(&text)));
            prop_assert_eq!(reader.item(), Ok(Item::Bytes(&bytes)));
            let read = match reader.item() {
                Ok(Item::Unsigned(read)) => read,
                Ok(Item::Float(read)) => read as u64,
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(read, number);
            prop_assert_eq!(reader.item(), Ok(Item::Bool(yes)));
            prop_assert_eq!(reader.item(), Ok(Item::Map(bytes.len() as u64)));
            prop_assert!(reader.is_at_end());
        }
    }

    #[test]
    fn heads_are_minimal_and_numbers_never_take_eight_bytes_as_integers() {
        let written = |number| {
            let mut out = Vec::new();
            Writer::new(&mut out).number(number);
            out
        };
        assert_eq!(written(23), [23]);
        assert_eq!(written(24), [0x18, 24]);
        assert_eq!(written(0x100), [0x19, 1, 0]);
        assert_eq!(written(0xffff_ffff), [0x1a, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(written(1 << 32)[0], 0xfb);
    }
}
