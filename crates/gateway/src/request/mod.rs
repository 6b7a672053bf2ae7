//! From bytes to what was asked: bodies, queries, preconditions, edit ids. Pure, but for the reading of a body.

pub(crate) mod base;
pub(crate) mod body;
pub(crate) mod conditions;
pub(crate) mod edit_key;
pub(crate) mod etag;
pub(crate) mod json;
pub(crate) mod members;
pub(crate) mod query;
pub(crate) mod revision;
