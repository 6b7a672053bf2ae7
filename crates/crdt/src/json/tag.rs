//! The tagged objects by which JSON shows what JSON has no type for.
//!
//! | in the document | in JSON |
//! |---|---|
//! | counter | `{"$counter": 3}` |
//! | timestamp | `{"$timestamp": 1700000000000}`, milliseconds since 1970 |
//! | bytes | `{"$bytes": "AAEC"}`, base64 |
//! | not a number, infinities | `{"$float": "NaN"}`, `"Infinity"`, `"-Infinity"` |
//! | a scalar of a future Automerge | `{"$unknown": [11, "AAEC"]}`, type code and base64 |
//! | an object whose only key is one of these six | `{"$map": {…}}` around it |
//!
//! An object is tagged only when it has exactly one key and that key is one of the six; `{"$ref": …}` is an
//! ordinary object. So every content has one JSON form, and every JSON value without a malformed tag one content.

use serde_json::{Map, Value};

/// One of the six reserved keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    Counter,
    Timestamp,
    Bytes,
    Float,
    Unknown,
    Map,
}

impl Tag {
    const ALL: [Tag; 6] = [Tag::Counter, Tag::Timestamp, Tag::Bytes, Tag::Float, Tag::Unknown, Tag::Map];

    /// The key itself.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Tag::Counter => "$counter",
            Tag::Timestamp => "$timestamp",
            Tag::Bytes => "$bytes",
            Tag::Float => "$float",
            Tag::Unknown => "$unknown",
            Tag::Map => "$map",
        }
    }

    /// What stands under the key, for messages.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Tag::Counter => "an integer of 64 bits",
            Tag::Timestamp => "milliseconds since 1970 as an integer of 64 bits",
            Tag::Bytes => "a string in padded base64",
            Tag::Float => "\"NaN\", \"Infinity\" or \"-Infinity\"",
            Tag::Unknown => "a list of a type code and a string in padded base64",
            Tag::Map => "an object",
        }
    }
}

/// Whether an object with this only key has to be wrapped in `$map`.
pub(crate) fn is_reserved(key: &str) -> bool {
    named(key).is_some()
}

/// The tag of an object and what stands under it, if it is a tagged one.
pub(crate) fn of(entries: &Map<String, Value>) -> Option<(Tag, &Value)> {
    if entries.len() != 1 {
        return None;
    }
    let (key, body) = entries.iter().next()?;
    Some((named(key)?, body))
}

/// The double that JSON has no digits for.
pub(crate) fn float(name: &str) -> Option<f64> {
    match name {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// The name of a double that JSON has no digits for.
pub(crate) fn float_name(value: f64) -> Option<&'static str> {
    match value {
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        value if value.is_nan() => Some("NaN"),
        _ => None,
    }
}

/// The tag with this key.
pub(crate) fn named(key: &str) -> Option<Tag> {
    key.starts_with('$').then(|| Tag::ALL.into_iter().find(|tag| tag.key() == key))?
}
