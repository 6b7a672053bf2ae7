//! The difference of two states of a document as operations on its plain JSON, for clients that have no CRDT library.
//!
//! **Invariant:** `base::plain::apply` of the operations to the old JSON gives exactly the new JSON. It holds by
//! construction, because both are compared as they are rendered and not as Automerge stores them: what won a conflict,
//! what is an immutable string and which object replaced which do not matter to a plain copy. What it costs depends on
//! the size of the content alone. Automerge's own `diff` walks every operation ever made.
//!
//! Both sides are in the canonical form of [`crate::json`], in which equal content has equal bytes. So only what
//! differs is looked into, and a value is parsed when it becomes part of an operation and not before. Positions in
//! texts count UTF-16 code units. Within a list and within a text the operations come from the back to the front:
//! none moves the place of a later one.
//!
//! - `tree`: objects by key, lists by their longest common subsequence;
//! - `text`: splices.

mod text;
mod tree;

use base::Op;
use base::json::ParseError;

/// Why there is no difference to be had. A client is given the new state as a whole then.
#[derive(Debug, thiserror::Error)]
pub enum DifferenceError {
    /// A value that has to be sent nests deeper than JSON readers follow: only documents from outside do.
    #[error("a changed value cannot be read back, send the whole document")]
    Value(#[source] ParseError),
    /// One of the two is not JSON in the canonical form.
    #[error("the content is not the JSON that this crate renders, send the whole document")]
    Form(#[source] serde_json::Error),
    /// What differs lies deeper than this looks.
    #[error("the difference lies more than {limit} levels deep, send the whole document")]
    TooDeep {
        /// How deep it looks.
        limit: usize,
    },
    /// The operations would take far more than the content: each has the whole path to what it changes.
    #[error("the difference takes more than {limit} bytes as operations, send the whole document")]
    TooMuch {
        /// What they may take.
        limit: usize,
    },
}

/// How to get from the content `old` to the content `new`, both as [`crate::Document::content_json`] gives them.
pub fn difference(old: &[u8], new: &[u8]) -> Result<Vec<Op>, DifferenceError> {
    let mut walk = tree::Walk::default();
    walk.value(old, new)?;
    Ok(walk.into_ops())
}

#[cfg(test)]
mod tests;
