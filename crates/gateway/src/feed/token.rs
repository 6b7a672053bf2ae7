//! Tokens of feeds: how far a reader has come in each shard.
//!
//! base64url of `format (1) ‖ CBOR array of [shard, index, number]`, sorted by shard. A token holds no secret, and grants
//! nothing: what a caller may see is looked up again for each event.

use base::{FeedPlace, SHARDS_MAX, ShardId};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;

const FORMAT: u8 = 1;

/// The longest place of a shard: the heads of an array and of three numbers, and these.
const PLACE_BYTES_MAX: usize = 1 + (1 + 4) + (1 + 8) + (1 + 4);

/// The longest token: of as many shards as there can be, behind the format and the head of their array.
const TEXT_BYTES_MAX: usize = (1 + 3 + SHARDS_MAX as usize * PLACE_BYTES_MAX).div_ceil(3) * 4;

/// How far a reader has come in each shard: the last place that it has behind it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places(pub BTreeMap<ShardId, FeedPlace>);

impl Places {
    /// The form that clients carry.
    pub fn to_text(&self) -> String {
        let mut bytes = vec![FORMAT];
        let places: Vec<_> =
            self.0.iter().map(|(shard, place)| (shard.0, place.index, place.number)).collect();
        minicbor::encode(places, &mut bytes).expect("a vector takes every write");
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Places::to_text`] wrote; `None` for anything else.
    pub fn from_text(text: &str) -> Option<Places> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&FORMAT, rest) = bytes.split_first()? else { return None };
        let places: Vec<(u32, u64, u32)> = minicbor::decode(rest).ok()?;
        let places = places.into_iter();
        let places = places.map(|(shard, index, number)| (ShardId(shard), FeedPlace { index, number }));
        let places = Places(places.collect());
        // The same places have one form: no shard twice, nothing behind.
        (!places.0.is_empty() && places.to_text() == text).then_some(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_token_is_read_back(places in prop::collection::btree_map(0..9u32, (any::<u64>(), any::<u32>()), 1..6)) {
            let places = places.into_iter().map(|(shard, (index, number))| (ShardId(shard), FeedPlace { index, number }));
            let places = Places(places.collect());
            prop_assert_eq!(Places::from_text(&places.to_text()), Some(places));
        }

        #[test]
        fn other_texts_are_refused_or_mean_what_they_say(text in "(AY|AYG)?[0-9A-Za-z_-]{0,40}") {
            if let Some(places) = Places::from_text(&text) {
                prop_assert_eq!(Places::from_text(&places.to_text()), Some(places));
            }
        }
    }

    #[test]
    fn a_token_of_as_many_shards_as_there_can_be_is_read_back() {
        let end = FeedPlace { index: u64::MAX, number: u32::MAX };
        let places = Places((0..SHARDS_MAX).map(|shard| (ShardId(u32::MAX - shard), end)).collect());
        let text = places.to_text();
        assert!(text.len() <= TEXT_BYTES_MAX, "{}", text.len());
        assert_eq!(Places::from_text(&text), Some(places));
    }

    #[test]
    fn a_token_names_each_shard_once() {
        let mut bytes = vec![FORMAT];
        minicbor::encode(vec![(1u32, 5u64, 0u32), (1, 6, 0)], &mut bytes).unwrap();
        assert_eq!(Places::from_text(&URL_SAFE_NO_PAD.encode(bytes)), None);
        assert_eq!(Places::from_text(&Places::default().to_text()), None);
        assert_eq!(Places::from_text(&"A".repeat(TEXT_BYTES_MAX + 1)), None);
    }
}
