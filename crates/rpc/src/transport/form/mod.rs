//! The wire form of the seam's words: CBOR, each record a list of its fields in the order that is written here.
//!
//! A release may add fields at the end of a record, each an `Option` or a map: an older one skips what it does not know, and what it
//! writes has none of them. What cannot be skipped is another major version of the wire.

mod base;
mod fields;
#[cfg(test)]
mod tests;
mod values;
mod view;
mod words;

pub(crate) use fields::{In, Out};
pub(crate) use view::{Digest, digest_of};

use bytes::Bytes;

/// Has a form on the wire.
pub(crate) trait Form: Sized {
    /// Writes it.
    fn put(&self, out: &mut Out);

    /// Reads it. Any bytes give a value or an error, and no more memory is taken than they have a use for.
    fn take(from: &mut In<'_>) -> Result<Self, Malformed>;

    /// What stands for it in a record that ends before it.
    fn absent() -> Result<Self, Malformed> {
        Err(Malformed("a field is missing".to_owned()))
    }
}

/// Bytes that are not the form of anything.
#[derive(Debug, thiserror::Error)]
#[error("a peer's message does not read: {0}")]
pub(crate) struct Malformed(pub String);

impl From<minicbor::decode::Error> for Malformed {
    fn from(error: minicbor::decode::Error) -> Malformed {
        Malformed(error.to_string())
    }
}

/// The form of a value, by itself.
pub(crate) fn encode<T: Form>(value: &T) -> Bytes {
    let mut out = Out::new(64);
    value.put(&mut out);
    out.finish()
}

/// A value from its form, with nothing left over.
pub(crate) fn decode<T: Form>(bytes: &[u8]) -> Result<T, Malformed> {
    let mut from = In::new(bytes);
    let value = T::take(&mut from)?;
    from.finish()?;
    Ok(value)
}

/// A record: its fields in order.
macro_rules! record {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl Form for $type {
            fn put(&self, out: &mut Out) {
                let $type { $($field),* } = self;
                out.begin();
                $($field.put(out);)*
                out.end();
            }

            fn take(from: &mut In<'_>) -> Result<$type, Malformed> {
                from.begin()?;
                $(let $field = from.field()?;)*
                from.end()?;
                Ok($type { $($field),* })
            }
        }
    };
}

/// One of several: a number, which is never given twice, and the fields of that variant.
macro_rules! choice {
    ($type:ident { $($number:literal => $variant:ident $(($($item:ident),*))? $({ $($field:ident),* })?),* $(,)? }) => {
        impl Form for $type {
            fn put(&self, out: &mut Out) {
                out.begin();
                match self {
                    $($type::$variant $(($($item),*))? $({ $($field),* })? => {
                        out.number($number);
                        $($($item.put(out);)*)?
                        $($($field.put(out);)*)?
                    })*
                }
                out.end();
            }

            fn take(from: &mut In<'_>) -> Result<$type, Malformed> {
                from.begin()?;
                let number = from.number()?;
                let value = match number {
                    $($number => {
                        $($(let $item = from.field()?;)*)?
                        $($(let $field = from.field()?;)*)?
                        $type::$variant $(($($item),*))? $({ $($field),* })?
                    })*
                    _ => return Err(Malformed(format!("{} number {number} is of a newer release", stringify!($type)))),
                };
                from.end()?;
                Ok(value)
            }
        }
    };
}

pub(crate) use {choice, record};
