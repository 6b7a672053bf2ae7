//! Change feeds as answers that go on: server-sent events, or JSON a line.
//!
//! A [`Reader`] asks for a page when its client can take one, and keeps nothing of what it has sent: a client that reads
//! slowly makes it ask later. It lives in the body of its answer; when the connection goes, so does it.
//!
//! ```text
//! token.rs    how far a reader has come in each shard, as clients carry it
//! merge/      the feeds of all shards as one (pure)
//! sources.rs  asks the shards
//! reader.rs   sends what they tell, at the pace of the client
//! form.rs     what that looks like on the wire
//! ```

mod form;
mod merge;
mod reader;
mod sources;
mod token;

pub(crate) use form::{Form, Line};
pub(crate) use reader::{Bound, Feed, Reader};
pub(crate) use sources::{Asker, Sources};
pub(crate) use token::Places;
