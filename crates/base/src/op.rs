//! The operations that a thin client sends, and where they point.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// One operation. In JSON: `{"op": "set", "path": ["a", 0, "b"], "value": 1}`.
///
/// Operations of one edit are carried out in order, each on what the ones before it left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Operation")]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
pub enum Op {
    /// Makes the value at a path equal to this one. What is equal already stays as it is, so that the concurrent
    /// edits of others inside it survive.
    Set {
        /// A key of an object that exists, or the index of a list item that exists.
        path: Vec<PathStep>,
        /// The value, with the tags of the JSON mapping.
        #[serde(deserialize_with = "crate::json::exact")]
        value: Value,
    },
    /// Removes a key or a list item.
    Delete {
        /// What goes.
        path: Vec<PathStep>,
    },
    /// Inserts a list item in front of the one at the index; the list's length appends.
    Insert {
        /// The list, then the index.
        path: Vec<PathStep>,
        /// The new item.
        #[serde(deserialize_with = "crate::json::exact")]
        value: Value,
    },
    /// Replaces a stretch of text.
    Splice {
        /// The text. A text document needs none.
        #[serde(default)]
        path: Vec<PathStep>,
        /// Where, in the unit of the request.
        position: usize,
        /// How much goes, in the unit of the request.
        #[serde(default)]
        delete: usize,
        /// What comes.
        #[serde(default)]
        insert: String,
    },
    /// Adds to a counter.
    Increment {
        /// The counter.
        path: Vec<PathStep>,
        /// How much; may be negative.
        by: i64,
    },
}

impl Op {
    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        let (path, inside) = match self {
            Op::Set { path, value } | Op::Insert { path, value } => (path, weight_of(value)),
            Op::Splice { path, insert, .. } => (path, insert.len()),
            Op::Delete { path } | Op::Increment { path, .. } => (path, 0),
        };
        let key = |step: &PathStep| if let PathStep::Key(key) = step { key.len() } else { 0 };
        size_of::<Op>() + size_of_val(path.as_slice()) + path.iter().map(key).sum::<usize>() + inside
    }
}

/// About how many bytes of memory a value takes.
pub fn weight_of(value: &Value) -> usize {
    // A place in a map takes its key, its hash and its index, too.
    const ENTRY: usize = 64;
    size_of::<Value>()
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(weight_of).sum(),
            Value::Object(map) => map.iter().map(|(key, value)| ENTRY + key.len() + weight_of(value)).sum(),
        }
}

/// One step of a path: a key of an object or an index of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PathStep {
    /// A list item.
    Index(usize),
    /// A key of an object.
    Key(String),
}

/// What text positions count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// UTF-16 code units, as in JavaScript.
    #[default]
    Utf16,
    /// Unicode scalar values.
    Scalar,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Utf16 => "UTF-16 code units",
            Unit::Scalar => "Unicode scalars",
        })
    }
}
