//! Changes of content, as thin clients make them: against a state that they have seen.

use crate::Precondition;
use base::{DocId, Heads};
use serde::Deserialize;
use serde_json::Value;

/// The id of an edit within its tenant and principal: a retry with the same key is the same edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditKey {
    /// The client's `Idempotency-Key`, or one that the gateway minted before its first attempt.
    pub key: String,
    /// SHA-256 of what was asked (method, path, body): the same key with another request is refused.
    pub request_hash: [u8; 32],
}

/// A request to change a document.
#[derive(Debug, Clone)]
pub struct Write {
    /// The document.
    pub id: DocId,
    /// The state that the edit was made against.
    pub base: Base,
    /// What to do.
    pub edit: Edit,
    /// What must hold of the newest state.
    pub precondition: Precondition,
    /// Makes a retry the same edit.
    pub key: EditKey,
}

/// The state that an edit was made against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// The newest one, whatever it is: `If-Match` vouches for it.
    Now,
    /// A version that the client has seen.
    Version(u64),
    /// Heads that the client has seen.
    Heads(Heads),
}

/// A change of content.
#[derive(Debug, Clone)]
pub enum Edit {
    /// The whole new content; the hub finds the difference.
    Replace(Value),
    /// Operations, in order; positions in text count `unit`s.
    Operations {
        /// Each sees what those before it did.
        ops: Vec<Op>,
        /// What text positions count.
        unit: Unit,
    },
}

/// What positions in text count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// UTF-16 code units, as in JavaScript.
    #[default]
    Utf16,
    /// Unicode scalar values, as in Rust and Python.
    Scalar,
}

/// One step of a path: a key of an object or an index of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum PathStep {
    /// An index of a list.
    Index(u64),
    /// A key of an object.
    Key(String),
}

/// One operation. A path names the thing that changes; in a text document the path of a `splice` is empty.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
pub enum Op {
    /// Puts a value at a key or over an element of a list.
    Set {
        /// The key or element.
        path: Vec<PathStep>,
        /// The new value.
        value: Value,
    },
    /// Removes a key or an element of a list.
    Delete {
        /// The key or element.
        path: Vec<PathStep>,
    },
    /// Puts a value into a list before the index that ends the path.
    Insert {
        /// The list, then the index.
        path: Vec<PathStep>,
        /// The new element.
        value: Value,
    },
    /// Replaces a stretch of a text.
    Splice {
        /// The text; empty or absent for the text of a text document.
        #[serde(default)]
        path: Vec<PathStep>,
        /// Where.
        position: u64,
        /// How much to remove there.
        #[serde(default)]
        delete: u64,
        /// What to put there.
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
