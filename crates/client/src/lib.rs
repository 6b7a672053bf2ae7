//! A client of a hub without a CRDT library: it follows documents over the JSON socket, keeps a plain copy of each, and
//! edits them by operations against the version that it has.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use client::{Client, Op};
//!
//! let hub = Client::new("http://127.0.0.1:8080", "a token")?;
//! let note = hub.follow("automerge:4NMNnkMhL8jXrdJ9jamS58PAVdXu".parse()?).await?;
//! let end = note.read(|copy| copy.content.as_str().unwrap_or_default().encode_utf16().count());
//! note.edit(vec![Op::Splice { path: vec![], position: end, delete: 0, insert: "!".into() }]).await?;
//! # note.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! What it takes care of: it connects again after a break and goes on from the version that it has; edits that have no
//! acknowledgement are sent again under their ids, and done once. Everything that waits is bounded.
//!
//! - `copy`: the plain copy and what messages of the hub do to it;
//! - `edits`: edits without an acknowledgement;
//! - `talk`: a conversation with the hub: both of them, without a socket;
//! - `driver`: the task that holds the socket;
//! - `document`: the handle.

mod backoff;
mod copy;
mod document;
mod driver;
mod edits;
mod error;
mod hub;
mod link;
mod talk;

pub use base::{DocId, Level, Op, PathStep, Shape, UserId};
pub use copy::Copy;
pub use document::{Document, Event, Events};
pub use error::{BadUrl, EditError, Ended};
pub use hub::{Client, Options};
pub use wire::thin::{Presence, Problem, Snapshot, Update};
