//! The Automerge sync protocol, versions 1 and 2, spoken from the change graph alone: no document is opened to
//! relay a change or to take an acknowledgement.
//!
//! ```text
//!  message ──▶ Peer::receive ──▶ changes ──▶ Graph::admit, the log ──▶ Graph::insert ──▶ Peer::settle
//!                                                                                            │
//!  message ◀── Plan::encode ◀── bytes of the changes ◀── Plan::content ◀── Peer::plan ◀──────┘
//! ```
//!
//! A [`Peer`] decides, a [`Plan`] is what it decided, and [`Message`] reads what others sent. Peers at the same
//! point get equal plans, so that a change is encoded once for all of them.

mod bloom;
mod error;
mod flags;
mod hashes;
mod limits;
mod message;
#[cfg(any(test, feature = "forge"))]
pub mod oracle;
mod peer;
mod plan;
#[cfg(test)]
mod tests;

pub use bloom::Bloom;
pub use error::SyncError;
pub use flags::Flags;
pub use hashes::Hashes;
pub use limits::Limits;
pub use message::{Changes, Have, Haves, Message, Version};
pub use peer::{Peer, Received};
pub use plan::{Content, Plan};
