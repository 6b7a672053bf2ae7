//! Forms of the words that everyone shares.

use super::{Form, In, Malformed, Out};
use crate::TicketId;
use ::base::{DocId, Hash, Heads, Level, NodeId, Shape, ShardId, TenantId, Timestamp, Unit, UserId};

macro_rules! through {
    ($type:ident as $inner:ty: $to:expr, $from:expr) => {
        impl Form for $type {
            fn put(&self, out: &mut Out) {
                let to: fn(&$type) -> $inner = $to;
                to(self).put(out);
            }

            fn take(from: &mut In<'_>) -> Result<$type, Malformed> {
                let made: fn($inner) -> Option<$type> = $from;
                let strange = || Malformed(format!("not a {}", stringify!($type)));
                made(<$inner>::take(from)?).ok_or_else(strange)
            }
        }
    };
}

through!(DocId as [u8; 16]: |id| *id.as_bytes(), |bytes| DocId::from_bytes(bytes).ok());
through!(Hash as [u8; 32]: |hash| hash.0, |bytes| Some(Hash(bytes)));
through!(TicketId as [u8; 16]: |id| id.0, |bytes| Some(TicketId(bytes)));
through!(Timestamp as u64: |at| at.0, |number| Some(Timestamp(number)));
through!(ShardId as u64: |shard| shard.0.into(), |number| u32::try_from(number).ok().map(ShardId));
through!(NodeId as u64: |node| node.0, |number| Some(NodeId(number)));
through!(Level as u64: |level| *level as u64, |number| u8::try_from(number).ok().and_then(Level::from_number));
through!(Shape as u64: |shape| *shape as u64, |number| u8::try_from(number).ok().and_then(Shape::from_number));
through!(Unit as bool: |unit| *unit == Unit::Scalar, |scalar| Some(if scalar { Unit::Scalar } else { Unit::Utf16 }));

macro_rules! name {
    ($type:ident) => {
        impl Form for $type {
            fn put(&self, out: &mut Out) {
                out.text(self.as_str());
            }

            fn take(from: &mut In<'_>) -> Result<$type, Malformed> {
                $type::new(from.text()?).map_err(|error| Malformed(error.to_string()))
            }
        }
    };
}

name!(TenantId);
name!(UserId);

/// Heads are sorted where they are made, and stay so: what comes unsorted was not made by this code.
pub(super) fn sorted(heads: Heads) -> Result<Heads, Malformed> {
    if heads.is_sorted() { Ok(heads) } else { Err(Malformed("heads are not sorted".to_owned())) }
}
