//! Changes of content, as thin clients make them: against a state that they have seen.

use crate::Precondition;
use base::{DocId, Heads, Op, Unit};
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
