//! Thin clients: following a document in plain words, without a CRDT library.
//!
//! ```text
//!  commit ──▶ Channel::wake ──▶ refresh: the newest view, and what leads to it ──▶ History
//!                                                                                    │
//!                               bells of all followers ◀─────────────────────────────┘
//!                               Follower::next ──▶ the step from where it is
//! ```
//!
//! All followers of a document share one channel. However many commits come, it looks at the document at most once in
//! 16 ms, and rests for four times as long as that took. What it finds becomes one update for everyone. A follower is
//! nothing but the version that it has seen: a slow one is given the steps that it missed as long as they are kept, then
//! one step that is worked out for its version, and if that would be too far, the document.
//!
//! Invariants:
//! - an update leads from one version that was shown to a later one, exactly: see [`crdt::difference`];
//! - access is checked whenever something is given out;
//! - locks are taken in this order: a follower's state, its channel's state. Bells ring under neither.

mod channel;
mod follower;
mod history;
mod raw;
mod refresh;
mod registry;
mod resume;

#[cfg(test)]
pub use follower::Seat;
pub use follower::begin;
pub use registry::Channels;
