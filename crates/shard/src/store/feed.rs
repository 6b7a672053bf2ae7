//! The change feed as it is stored: what has changed, in the order of the log, for as long as it is kept.

use super::{Lookup, RecordError};
use base::FeedPlace;
use minicbor::{CborLen, Decode, Encode};

/// The key of a record in [`super::Space::Feed`]: `index (8) ‖ number (4)`.
pub fn feed_key(place: FeedPlace) -> Vec<u8> {
    let mut key = Vec::with_capacity(12);
    key.extend(place.index.to_be_bytes());
    key.extend(place.number.to_be_bytes());
    key
}

/// The first key behind a place.
pub fn feed_key_behind(place: FeedPlace) -> Vec<u8> {
    let mut key = feed_key(place);
    key.push(0);
    key
}

/// Reads [`feed_key`].
pub fn feed_place(key: &[u8]) -> Result<FeedPlace, RecordError> {
    let place = key.split_first_chunk::<8>().and_then(|(index, number)| {
        let number = u32::from_be_bytes(number.try_into().ok()?);
        Some(FeedPlace { index: u64::from_be_bytes(*index), number })
    });
    place.ok_or_else(|| damaged("key of the feed", key))
}

/// What happened to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum FeedKind {
    /// It was made.
    #[n(1)]
    Created,
    /// Its content changed.
    #[n(2)]
    Changed,
    /// Its access list changed.
    #[n(3)]
    Shared,
    /// It was deleted.
    #[n(4)]
    Deleted,
    /// Its name or its labels changed.
    #[n(5)]
    Metadata,
}

/// One change of one document.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct FeedRecord {
    /// The tenant of the document.
    #[n(0)]
    pub tenant: String,
    /// The document.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub document: [u8; 16],
    /// What happened.
    #[n(2)]
    pub kind: FeedKind,
    /// The version of the document after it.
    #[n(3)]
    pub version: u64,
    /// The heads after it, joined; for a deletion those before it.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub heads: Vec<u8>,
    /// Who did it, each once, in order.
    #[n(5)]
    pub authors: Vec<String>,
    /// When, in log time.
    #[n(6)]
    pub time_ms: u64,
    /// Of a share: whose access it is now.
    #[n(7)]
    pub grant: Option<Grant>,
    /// Who could read the document before and cannot any more: nothing else would tell them.
    #[n(8)]
    pub lost: Vec<String>,
}

/// What somebody may do from now on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Grant {
    /// Who.
    #[n(0)]
    pub principal: String,
    /// `base::Level` as a number; `None`: nothing any more.
    #[n(1)]
    pub level: Option<u8>,
}

impl Lookup for FeedRecord {
    const WHAT: &'static str = "feed";
}

/// What of the feed is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedExtent {
    /// How many records.
    pub count: u64,
    /// The newest record that was trimmed; who stands before it has missed something.
    pub trimmed: FeedPlace,
}

impl FeedExtent {
    /// Of a feed in which nothing ever stood.
    pub const EMPTY: FeedExtent = FeedExtent { count: 0, trimmed: FeedPlace::START };

    /// The stored form: `count (8) ‖ index (8) ‖ number (4)`.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = self.count.to_be_bytes().to_vec();
        bytes.extend(feed_key(self.trimmed));
        bytes
    }

    /// Reads what stands in the store.
    pub fn from_stored(bytes: Option<&[u8]>) -> Result<FeedExtent, RecordError> {
        let Some(bytes) = bytes else { return Ok(FeedExtent::EMPTY) };
        let (count, trimmed) =
            bytes.split_first_chunk::<8>().ok_or_else(|| damaged("extent of the feed", bytes))?;
        Ok(FeedExtent { count: u64::from_be_bytes(*count), trimmed: feed_place(trimmed)? })
    }
}

fn damaged(what: &'static str, bytes: &[u8]) -> RecordError {
    RecordError::Damaged { what, reason: format!("it has {} bytes", bytes.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places() -> impl Strategy<Value = FeedPlace> {
        (any::<u64>(), any::<u32>()).prop_map(|(index, number)| FeedPlace { index, number })
    }

    proptest! {
        #[test]
        fn the_order_of_keys_is_that_of_the_log(one in places(), other in places()) {
            prop_assert_eq!(feed_place(&feed_key(one)), Ok(one));
            prop_assert_eq!(feed_key(one).cmp(&feed_key(other)), one.cmp(&other));
            prop_assert_eq!(feed_key_behind(one) <= feed_key(other), one < other);
        }

        #[test]
        fn an_extent_is_read_back(count in any::<u64>(), trimmed in places()) {
            let extent = FeedExtent { count, trimmed };
            let bytes = extent.to_bytes();
            prop_assert_eq!(FeedExtent::from_stored(Some(&bytes)), Ok(extent));
            prop_assert!(FeedExtent::from_stored(Some(&bytes[1..])).is_err());
        }
    }

    #[test]
    fn of_a_feed_that_was_never_written_nothing_is_trimmed() {
        assert_eq!(FeedExtent::from_stored(None), Ok(FeedExtent::EMPTY));
    }
}
