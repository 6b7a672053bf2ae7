//! Edits: what thin clients ask for, and how it becomes operations of a document.
//!
//! Pure deciding is apart from doing: `text_diff`, `pieces` and `myers` turn a wish into a `TextEdit` without a
//! document; `text`, `tree` and `ops` carry it out inside of a transaction of Automerge.

pub(crate) mod align;
mod error;
pub(crate) mod myers;
pub(crate) mod ops;
pub(crate) mod pieces;
pub(crate) mod place;
pub(crate) mod text;
pub(crate) mod text_diff;
mod text_edit;
pub(crate) mod tree;

pub use error::EditError;
pub(crate) use text_edit::{Insert, Splice, TextEdit};
