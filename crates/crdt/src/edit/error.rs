//! Why an edit is refused. A refused edit leaves no trace in the document.

use crate::document::{HeadsError, Poisoned};
use crate::json::{Content, ContentError};
use automerge::AutomergeError;
use base::Unit;

/// Why an edit, a replacement or a new document is refused. `op` is the operation's place in the request.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The version that the edit names is not one of this document.
    #[error(transparent)]
    Heads(#[from] HeadsError),
    /// The value cannot be the content of a document.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The content of a document of this type must be something else.
    #[error("the content of a {document} document must be {expected}, not {found}")]
    Root {
        /// The type of the document.
        document: &'static str,
        /// What its content is.
        expected: &'static str,
        /// What came.
        found: &'static str,
    },
    /// An operation brings a value that cannot be part of a document.
    #[error("operation {op}: the value cannot be part of a document")]
    BadValue {
        /// Which operation.
        op: usize,
        /// What is wrong with it.
        source: ContentError,
    },
    /// The root of a JSON document stays an object.
    #[error("operation {op}: the content of a Json document must be an object, not {found}")]
    RootReplaced {
        /// Which operation.
        op: usize,
        /// What it would be replaced by.
        found: &'static str,
    },
    /// A text document knows `splice` only.
    #[error(
        "operation {op}: a text document takes splice operations without a path; use PUT to replace its content"
    )]
    TextOnly {
        /// Which operation.
        op: usize,
    },
    /// A path leads nowhere.
    #[error("operation {op}: there is nothing at {path:?}")]
    NothingThere {
        /// Which operation.
        op: usize,
        /// As far as the path was followed, and one step more.
        path: String,
    },
    /// A path leads to something of another type.
    #[error("operation {op}: {path:?} is {found}, not {expected}")]
    WrongType {
        /// Which operation.
        op: usize,
        /// The place.
        path: String,
        /// What the operation needs there.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A position in a text, or an index in a list, beyond the end.
    #[error("operation {op}: {end} is beyond the end of {path:?}, which has {length} {unit}")]
    OutOfRange {
        /// Which operation.
        op: usize,
        /// The text or the list.
        path: String,
        /// The furthest position that was asked for.
        end: usize,
        /// The length that was found.
        length: usize,
        /// What both numbers count.
        unit: String,
    },
    /// A position between the two halves of a character beyond the basic plane.
    #[error("operation {op}: position {position} of {path:?} splits a character that takes two {unit}")]
    SplitsCharacter {
        /// Which operation.
        op: usize,
        /// The text.
        path: String,
        /// The position.
        position: usize,
        /// What it counts.
        unit: Unit,
    },
    /// A counter has 64 bits.
    #[error("operation {op}: adding {by} to the counter at {path:?}, now {value}, leaves 64 bits")]
    CounterOverflow {
        /// Which operation.
        op: usize,
        /// The counter.
        path: String,
        /// Its value.
        value: i64,
        /// What was to be added.
        by: i64,
    },
    /// Too many operations in one edit.
    #[error("{count} operations in one edit; at most {limit} are taken: send them in parts")]
    TooManyOps {
        /// How many came.
        count: usize,
        /// How many are taken.
        limit: usize,
    },
    /// The document would grow beyond its limit.
    #[error("the document would have {bytes} bytes as JSON; at most {limit} are kept: split it")]
    DocumentTooLarge {
        /// What it would have.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
    /// The change would be larger than one may be.
    #[error("the edit makes a change of {bytes} bytes; at most {limit} are taken: make it in parts")]
    ChangeTooLarge {
        /// What it has.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
    /// Automerge refused what this crate took for valid.
    #[error("the document refused the edit")]
    Refused(#[source] AutomergeError),
    /// The open document cannot be trusted any more.
    #[error(transparent)]
    Poisoned(#[from] Poisoned),
}

impl EditError {
    /// This cannot be the content of a JSON document.
    pub(crate) fn json_root(content: &Content) -> EditError {
        EditError::Root { document: "Json", expected: "an object", found: content.kind() }
    }
}

impl From<AutomergeError> for EditError {
    fn from(error: AutomergeError) -> EditError {
        EditError::Refused(error)
    }
}
