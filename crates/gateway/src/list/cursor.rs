//! Cursors of lists: where each shard stands.
//!
//! `format (1) ‖ (shard (4) ‖ document (16))*` in base58: the shards that are not through, and the last document of each
//! that was given; all zeros before the first. It holds no secret: what a caller may see is looked up again.

use base::{DocId, ShardId};
use std::collections::BTreeMap;

const FORMAT: u8 = 1;

/// Longer ones are not worth decoding: 1,024 shards.
const TEXT_BYTES_MAX: usize = 30_000;

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The shards that are not through, with the last document that was given.
    pub shards: BTreeMap<ShardId, Option<DocId>>,
}

impl Cursor {
    /// Before the first document of all shards.
    pub fn start(shards: impl IntoIterator<Item = ShardId>) -> Cursor {
        Cursor { shards: shards.into_iter().map(|shard| (shard, None)).collect() }
    }

    /// The form that clients carry; `None` once all shards are through.
    pub fn to_text(&self) -> Option<String> {
        if self.shards.is_empty() {
            return None;
        }
        let mut bytes = vec![FORMAT];
        for (shard, after) in &self.shards {
            bytes.extend(shard.0.to_be_bytes());
            bytes.extend(after.map_or([0; 16], |id| *id.as_bytes()));
        }
        Some(bs58::encode(bytes).into_string())
    }

    /// Reads what [`Cursor::to_text`] wrote; `None` for anything else.
    pub fn from_text(text: &str) -> Option<Cursor> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let bytes = bs58::decode(text).into_vec().ok()?;
        let (&FORMAT, entries) = bytes.split_first()? else { return None };
        let (entries, rest) = entries.as_chunks::<20>();
        if !rest.is_empty() || entries.is_empty() {
            return None;
        }
        let shards = entries.iter().map(|entry| {
            let (shard, id) = entry.split_first_chunk::<4>()?;
            let id: [u8; 16] = id.try_into().ok()?;
            let after = if id == [0; 16] { None } else { Some(DocId::from_bytes(id).ok()?) };
            Some((ShardId(u32::from_be_bytes(*shard)), after))
        });
        Some(Cursor { shards: shards.collect::<Option<_>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Slot;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_back(shards in prop::collection::btree_map(0..9u32, prop::option::of(1..250u8), 1..6)) {
            let id = |number| DocId::mint(Slot::new(3).unwrap(), [number; 16]);
            let shards = shards.into_iter().map(|(shard, after)| (ShardId(shard), after.map(id))).collect();
            let cursor = Cursor { shards };
            prop_assert_eq!(Cursor::from_text(&cursor.to_text().unwrap()), Some(cursor));
        }

        #[test]
        fn other_texts_are_refused_or_mean_what_they_say(text in "[1-9A-Za-z]{0,80}") {
            if let Some(cursor) = Cursor::from_text(&text) {
                prop_assert_eq!(cursor.to_text().and_then(|text| Cursor::from_text(&text)), Some(cursor));
            }
        }
    }
}
