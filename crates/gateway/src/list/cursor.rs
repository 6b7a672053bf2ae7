//! Cursors of lists: where a list goes on, and whose cursor it is. What is asked for otherwise is not in it, but its mark is.
//!
//! base64url, without padding, of one of
//! - `2 ‖ shard (4) ‖ document (16)`: the last document of the shard that was given; all zeros before its first. Shards stand in
//!   the order of their ids: those before it are through, those after it are to come;
//! - `3 ‖ filter (8) ‖ shard (4) ‖ document (16)`: the same of a list with a filter;
//! - `4 ‖ filter (8) ‖ order (1) ‖ document (16) ‖ time (8) or name`: the last document that a sorted list gave. The filter is all
//!   zeros where there is none.
//!
//! It holds no secret: what a caller may see is looked up again.

use super::asked::Fingerprint;
use base::{DocId, ShardId, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rpc::{Order, Place, SortBy, SortKey};

const PLAIN: u8 = 2;
const FILTERED: u8 = 3;
const SORTED: u8 = 4;

/// Where an order of names or times runs downwards.
const DESCENDING: u8 = 0x80;

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// In a list that goes from shard to shard.
    Walk(Fingerprint, Step),
    /// In a sorted list: behind this place.
    Sorted(Fingerprint, Order, Place),
}

/// How far a list has come that goes from shard to shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The shard that is not through.
    pub shard: ShardId,
    /// The last document of it that was given.
    pub after: Option<DocId>,
}

impl Cursor {
    /// The form that clients carry.
    pub fn to_text(&self) -> String {
        let mut bytes = Vec::with_capacity(64);
        match self {
            Cursor::Walk(filter, Step { shard, after }) => {
                match filter {
                    None => bytes.push(PLAIN),
                    Some(mark) => {
                        bytes.push(FILTERED);
                        bytes.extend(mark);
                    }
                }
                bytes.extend(shard.0.to_be_bytes());
                bytes.extend(after.map_or([0; 16], |id| *id.as_bytes()));
            }
            Cursor::Sorted(filter, order, Place { key, id }) => {
                bytes.push(SORTED);
                bytes.extend(filter.unwrap_or_default());
                bytes.push(number_of(*order));
                bytes.extend(id.as_bytes());
                match key {
                    SortKey::Id => {}
                    SortKey::Time(at) => bytes.extend(at.0.to_be_bytes()),
                    SortKey::Name(name) => bytes.extend(name.as_bytes()),
                }
            }
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Cursor::to_text`] wrote; `None` for anything else.
    pub fn from_text(text: &str) -> Option<Cursor> {
        // No longer than the URL that it came in.
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&format, rest) = bytes.split_first()?;
        match format {
            PLAIN => Some(Cursor::Walk(None, step(rest)?)),
            FILTERED => {
                let (mark, rest) = mark(rest)?;
                Some(Cursor::Walk(Some(mark?), step(rest)?))
            }
            SORTED => sorted(rest),
            _ => None,
        }
    }
}

fn mark(bytes: &[u8]) -> Option<(Fingerprint, &[u8])> {
    let (mark, rest) = bytes.split_first_chunk::<8>()?;
    Some((Some(*mark).filter(|mark| *mark != [0; 8]), rest))
}

fn step(bytes: &[u8]) -> Option<Step> {
    let (shard, id) = bytes.split_first_chunk::<4>()?;
    let id: [u8; 16] = id.try_into().ok()?;
    let after = if id == [0; 16] { None } else { Some(DocId::from_bytes(id).ok()?) };
    Some(Step { shard: ShardId(u32::from_be_bytes(*shard)), after })
}

fn sorted(bytes: &[u8]) -> Option<Cursor> {
    let (filter, rest) = mark(bytes)?;
    let (&number, rest) = rest.split_first()?;
    let (id, key) = rest.split_first_chunk::<16>()?;
    let order = order_of(number)?;
    let key = match order.by {
        SortBy::Id => return None,
        SortBy::UpdatedAt | SortBy::CreatedAt => {
            SortKey::Time(Timestamp(u64::from_be_bytes(key.try_into().ok()?)))
        }
        SortBy::Name => SortKey::Name(str::from_utf8(key).ok()?.into()),
    };
    Some(Cursor::Sorted(filter, order, Place { key, id: DocId::from_bytes(*id).ok()? }))
}

/// Never change one: they are in the cursors that clients have.
fn number_of(order: Order) -> u8 {
    let by = match order.by {
        SortBy::Id => 0,
        SortBy::UpdatedAt => 1,
        SortBy::CreatedAt => 2,
        SortBy::Name => 3,
    };
    if order.descending { by | DESCENDING } else { by }
}

fn order_of(number: u8) -> Option<Order> {
    let all = [SortBy::UpdatedAt, SortBy::CreatedAt, SortBy::Name].into_iter();
    let mut orders = all.flat_map(|by| [false, true].map(|descending| Order { by, descending }));
    orders.find(|order| number_of(*order) == number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Slot;
    use proptest::prelude::*;

    fn id(number: u8) -> DocId {
        DocId::mint(Slot::new(3).unwrap(), [number; 16])
    }

    fn filters() -> impl Strategy<Value = Fingerprint> {
        prop::option::of(prop::array::uniform8(1..=255u8))
    }

    proptest! {
        #[test]
        fn a_cursor_of_a_walk_is_read_back(filter in filters(), shard: u32, after in prop::option::of(1..250u8)) {
            let cursor = Cursor::Walk(filter, Step { shard: ShardId(shard), after: after.map(id) });
            prop_assert_eq!(Cursor::from_text(&cursor.to_text()), Some(cursor));
        }

        #[test]
        fn a_cursor_of_a_sorted_list_is_read_back(
            filter in filters(),
            number in prop::sample::select(&[1u8, 2, 3, 0x81, 0x82, 0x83][..]),
            after in 1..250u8,
            time: u64,
            name in "\\PC{0,20}",
        ) {
            let order = order_of(number).unwrap();
            let key = match order.by {
                SortBy::Name => SortKey::Name(name.into()),
                _ => SortKey::Time(Timestamp(time)),
            };
            let cursor = Cursor::Sorted(filter, order, Place { key, id: id(after) });
            prop_assert_eq!(Cursor::from_text(&cursor.to_text()), Some(cursor));
        }

        #[test]
        fn other_texts_are_refused_or_mean_what_they_say(text in "(AgAAA|AwAAA|BAAAAAAAAAAAA)?[0-9A-Za-z_-]{0,60}") {
            if let Some(cursor) = Cursor::from_text(&text) {
                prop_assert_eq!(cursor.to_text(), text);
            }
        }
    }

    #[test]
    fn what_is_too_long_or_too_short_is_refused() {
        let text = Cursor::Walk(None, Step { shard: ShardId(7), after: None }).to_text();
        assert_eq!(text, "AgAAAAcAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Cursor::from_text(&text[..24]), None);
        assert_eq!(Cursor::from_text(&(text.clone() + "AAAA")), None);
        assert_eq!(Cursor::from_text(&"A".repeat(30_000)), None);
    }
}
