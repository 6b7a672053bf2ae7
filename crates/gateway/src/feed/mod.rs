//! Change feeds as answers that go on: server-sent events, or JSON a line.
//!
//! A [`Reader`] asks the shards for a page when its client can take one, and keeps nothing of what it has sent: a client
//! that reads slowly makes it ask later. It lives in the body of its answer; when the connection goes, so does it.

mod form;
mod reader;

pub(crate) use form::Form;
pub(crate) use reader::{Bound, Feed, Reader};
