//! Live documents: who follows a document while it changes, and what they are shown.
//!
//! A document is live while somebody follows it. Then its change graph is in memory, and to relay a change costs what
//! the change costs, however long the history is: no document is opened for it.
//!
//! ```text
//!  Session::receive ──▶ Peer::receive ──▶ Upload ──▶ documents::Queue ──▶ take (admission) ──▶ the log
//!                                                                                               │
//!  Session::next ◀── bell ◀── LiveDocument::committed (graph, newest bytes) ◀── apply ◀─────────┘
//! ```
//!
//! Invariants:
//! - the graph in memory holds what is committed, and nothing else: what is told of it is durable;
//! - locks are taken in this order, and none is held while waiting for anything but the next: state of a session,
//!   content of its document;
//! - who follows holds the document; the document holds who follows until they leave.

mod access;
mod allowance;
mod birth;
mod bodies;
mod content;
mod document;
mod fetch;
mod figures;
mod follow;
mod held;
mod load;
mod names;
mod next;
mod receive;
mod recent;
mod registry;
mod relay;
mod said;
mod session;
mod take;
#[cfg(test)]
pub(crate) mod tests;
mod upload;
mod watch;

/// Memory for older changes that are fetched for sessions, in KiB, on the whole node.
pub const FETCH_ROOM_KIB: u32 = 128 << 10;

pub use birth::give_birth;
pub use content::Content;
pub use document::LiveDocument;
pub use follow::{Channels, begin as begin_to_follow};
pub use load::STORED;
pub use registry::LiveDocuments;
pub use relay::{relay, settle, settle_empty};
pub use session::{Seat, Session};
pub use take::{Taken, Wrong, end_wrong, take};
pub use upload::{Arrived, Upload};
