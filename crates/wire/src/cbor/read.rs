//! Reads items one by one. Nothing recurses and nothing is allocated: depth and counts of hostile input cost nothing.

use super::{major, simple};

/// Reads items from a slice.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// An item, or the head of one: what an array or a map holds comes after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Item<'a> {
    Unsigned(u64),
    Bytes(&'a [u8]),
    Text(&'a str),
    /// That many items follow.
    Array(u64),
    /// That many pairs follow.
    Map(u64),
    Bool(bool),
    Float(f64),
    /// Null, undefined, negative numbers, and whatever else has no meaning in this protocol.
    Other,
}

/// Why bytes are not an item that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// They end too early.
    #[error("the CBOR ends within an item")]
    Truncated,
    /// An item whose length is not known at its head.
    #[error("items of indefinite length are not taken")]
    Indefinite,
    /// A length that the format keeps for later.
    #[error("not CBOR: a reserved length")]
    Reserved,
    /// A text that is no UTF-8.
    #[error("a text is not UTF-8")]
    NotUtf8,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next item, without its tags.
    pub fn item(&mut self) -> Result<Item<'a>, CborError> {
        loop {
            let [first] = self.array()?;
            let (major, info) = (first >> 5, first & 0x1f);
            let argument = self.argument(info)?;
            return Ok(match major {
                major::UNSIGNED => Item::Unsigned(argument),
                major::BYTES => Item::Bytes(self.take(argument)?),
                major::TEXT => Item::Text(self.text(argument)?),
                major::ARRAY => Item::Array(argument),
                major::MAP => Item::Map(argument),
                major::TAG => continue,
                major::SIMPLE => simple_item(info, argument),
                _ => Item::Other,
            });
        }
    }

    /// Passes over what `item` holds, if it holds anything.
    pub fn skip(&mut self, item: Item<'a>) -> Result<(), CborError> {
        let mut waiting = held(item);
        while waiting > 0 {
            let item = self.item()?;
            waiting = (waiting - 1).saturating_add(held(item));
        }
        Ok(())
    }

    fn argument(&mut self, info: u8) -> Result<u64, CborError> {
        match info {
            0..=23 => Ok(info.into()),
            24 => self.array::<1>().map(|[byte]| byte.into()),
            25 => self.array().map(|bytes| u16::from_be_bytes(bytes).into()),
            26 => self.array().map(|bytes| u32::from_be_bytes(bytes).into()),
            27 => self.array().map(u64::from_be_bytes),
            31 => Err(CborError::Indefinite),
            _ => Err(CborError::Reserved),
        }
    }

    fn text(&mut self, length: u64) -> Result<&'a str, CborError> {
        std::str::from_utf8(self.take(length)?).map_err(|_| CborError::NotUtf8)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], CborError> {
        let length = usize::try_from(length).map_err(|_| CborError::Truncated)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(CborError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CborError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(CborError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }
}

/// How many items follow the head that this is.
fn held(item: Item<'_>) -> u64 {
    match item {
        Item::Array(items) => items,
        Item::Map(pairs) => pairs.saturating_mul(2),
        _ => 0,
    }
}

fn simple_item(info: u8, argument: u64) -> Item<'static> {
    match info {
        simple::FALSE => Item::Bool(false),
        simple::TRUE => Item::Bool(true),
        simple::SINGLE => Item::Float(f32::from_bits(argument as u32).into()),
        simple::DOUBLE => Item::Float(f64::from_bits(argument)),
        _ => Item::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(bytes: &[u8], expected: Result<Item<'_>, CborError>) {
        assert_eq!(Reader::new(bytes).item(), expected, "{bytes:02x?}");
    }

    #[test]
    fn every_length_of_a_head_is_read() {
        check(&[0x17], Ok(Item::Unsigned(23)));
        check(&[0x18, 1], Ok(Item::Unsigned(1)));
        check(&[0x19, 0, 1], Ok(Item::Unsigned(1)));
        check(&[0x1a, 0, 0, 0, 1], Ok(Item::Unsigned(1)));
        check(&[0x1b, 0, 0, 0, 0, 0, 0, 0, 1], Ok(Item::Unsigned(1)));
        check(&[0xb9, 0, 2], Ok(Item::Map(2)));
        check(&[0x59, 0, 1, 7], Ok(Item::Bytes(&[7])));
    }

    #[test]
    fn tags_are_passed_over_and_what_means_nothing_is_other() {
        check(&[0xd8, 64, 0x41, 9], Ok(Item::Bytes(&[9])));
        check(&[0xf7], Ok(Item::Other));
        check(&[0xf6], Ok(Item::Other));
        check(&[0x20], Ok(Item::Other));
        check(&[0xf9, 0x3c, 0], Ok(Item::Other));
        check(&[0xfa, 0x3f, 0x80, 0, 0], Ok(Item::Float(1.0)));
        check(&[0xfb, 0x42, 0x7a, 0x1f, 0x80, 0, 0, 0, 0], Ok(Item::Float(1_795_162_112_000.0)));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        check(&[], Err(CborError::Truncated));
        check(&[0x43, 1, 2], Err(CborError::Truncated));
        check(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Err(CborError::Truncated));
        check(&[0x9f], Err(CborError::Indefinite));
        check(&[0x1c], Err(CborError::Reserved));
        check(&[0x61, 0xff], Err(CborError::NotUtf8));
    }

    #[test]
    fn skipping_ends_where_the_item_ends() {
        // [{"a": [1, 2]}, h'00'] and then 5.
        let bytes = [0x82, 0xa1, 0x61, b'a', 0x82, 1, 2, 0x41, 0, 5];
        let mut reader = Reader::new(&bytes);
        let head = reader.item().unwrap();
        reader.skip(head).unwrap();
        assert_eq!(reader.item(), Ok(Item::Unsigned(5)));
        assert!(reader.is_at_end());
    }

    #[test]
    fn depth_and_counts_cost_nothing() {
        let deep = vec![0x82; 1 << 20];
        let mut reader = Reader::new(&deep);
        let head = reader.item().unwrap();
        assert_eq!(reader.skip(head), Err(CborError::Truncated));
        let many = [0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let mut reader = Reader::new(&many);
        let head = reader.item().unwrap();
        assert_eq!(reader.skip(head), Err(CborError::Truncated));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while let Ok(item) = reader.item() {
                if reader.skip(item).is_err() {
                    break;
                }
            }
        }
    }
}
