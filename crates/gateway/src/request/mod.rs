//! From bytes to what was asked: bodies, queries, preconditions, preferences, edit ids. Pure, but for the reading of a body.

pub(crate) mod accept;
pub(crate) mod base;
pub(crate) mod body;
pub(crate) mod conditions;
pub(crate) mod edit_key;
pub(crate) mod etag;
pub(crate) mod format;
pub(crate) mod json;
pub(crate) mod labels;
mod list;
pub(crate) mod members;
pub(crate) mod prefer;
pub(crate) mod query;
pub(crate) mod revision;
