//! JSON and documents: how content looks outside, exactly and both ways.
//!
//! The promise: what a document renders to, read back, is the same content; so reading and writing back a body makes
//! no change. The tags that this takes are listed in `tag.rs`. Strings of either kind that Automerge knows (text and
//! immutable string) print as strings; integers and doubles keep their type (`5` and `5.0` differ); the order of keys
//! in an object is the document's, not the writer's.

mod base64;
pub(crate) mod content;
pub(crate) mod render;
pub(crate) mod scalar;
pub(crate) mod tag;

pub use base::json::{ParseError, parse};
pub(crate) use content::Content;
pub use content::ContentError;
pub(crate) use tag::Tag;
