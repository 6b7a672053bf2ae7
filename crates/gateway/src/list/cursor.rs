//! Cursors of lists: the shard that a list has come to, and how far in it.
//!
//! base64url, without padding, of `format (1) ‖ shard (4) ‖ document (16)`: the last document of the shard that was given; all
//! zeros before its first. Shards stand in the order of their ids: those before it are through, those after it are to come. It
//! holds no secret: what a caller may see is looked up again.

use base::{DocId, ShardId};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const FORMAT: u8 = 2;

/// Every cursor is as long.
const BYTES: usize = 1 + 4 + 16;

/// Where a list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The shard that is not through.
    pub shard: ShardId,
    /// The last document of it that was given.
    pub after: Option<DocId>,
}

impl Cursor {
    /// The form that clients carry.
    pub fn to_text(self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(FORMAT);
        bytes.extend(self.shard.0.to_be_bytes());
        bytes.extend(self.after.map_or([0; 16], |id| *id.as_bytes()));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Cursor::to_text`] wrote; `None` for anything else.
    pub fn from_text(text: &str) -> Option<Cursor> {
        let mut bytes = [0; BYTES];
        // What is longer does not fit, and is not decoded.
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let (&FORMAT, rest) = bytes.get(..length)?.split_first()? else { return None };
        let (shard, id) = rest.split_first_chunk::<4>()?;
        let id: [u8; 16] = id.try_into().ok()?;
        let after = if id == [0; 16] { None } else { Some(DocId::from_bytes(id).ok()?) };
        Some(Cursor { shard: ShardId(u32::from_be_bytes(*shard)), after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Slot;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_back(shard: u32, after in prop::option::of(1..250u8)) {
            let id = |number| DocId::mint(Slot::new(3).unwrap(), [number; 16]);
            let cursor = Cursor { shard: ShardId(shard), after: after.map(id) };
            prop_assert_eq!(Cursor::from_text(&cursor.to_text()), Some(cursor));
        }

        #[test]
        fn other_texts_are_refused_or_mean_what_they_say(text in "(AgAAA)?[0-9A-Za-z_-]{0,40}") {
            if let Some(cursor) = Cursor::from_text(&text) {
                prop_assert_eq!(cursor.to_text(), text);
            }
        }
    }

    #[test]
    fn what_is_too_long_or_too_short_is_refused() {
        let text = Cursor { shard: ShardId(7), after: None }.to_text();
        assert_eq!(text.len(), 28);
        assert_eq!(Cursor::from_text(&text[..24]), None);
        assert_eq!(Cursor::from_text(&(text.clone() + "AAAA")), None);
        assert_eq!(Cursor::from_text(&"A".repeat(30_000)), None);
    }
}
