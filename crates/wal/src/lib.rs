//! The shared log: one per disk, for all groups of a node.
//!
//! ```text
//!   append, vote, truncate ──▶ groups (memory) ──▶ frames ──▶ writer: one write, one sync, all callbacks
//!                                    ▲                           │
//!   read ◀── tail cache ◀────────────┤                      segments ◀── keeper: prepare; collector: recycle
//!        ◀── segments, checked ◀─────┘
//! ```
//!
//! It knows groups, indexes, terms and opaque bytes, and neither Raft nor an async runtime. What it promises:
//!
//! - **Order.** All submissions are one order; what a crash leaves is a first part of it.
//! - **Durability.** A callback is called after its submission, and everything before it, is synced. A failed write or
//!   sync ends the process and is never tried again.
//! - **Honesty.** The trace of a crash is cut and a copy of it kept. Damage with valid data behind it is named with file
//!   and offset, and nothing is changed. Files that are not the log's are named and left alone.
//! - **Bounds.** The queue, the cached entries and the time between two measurements of the disk have a limit each.
//!
//! `docs/data-layout.md` draws every byte.

mod book;
mod collect;
mod collector;
pub mod disk;
mod entry;
mod error;
mod format;
mod frames;
mod framing;
#[doc(hidden)]
pub mod fuzzing;
mod group;
pub mod inspect;
mod keeper;
mod op;
mod options;
mod outbox;
mod pace;
mod plan;
mod read;
mod recover;
mod replay;
mod room;
mod scan;
mod segment;
mod shared;
mod state;
mod stats;
mod survey;
#[cfg(test)]
mod tests;
mod threads;
mod wal;
mod writer;

pub use collect::CollectReport;
pub use entry::{Done, Entry, GroupId, GroupState, Ready};
pub use error::{CollectError, Damage, OpenError, ReadError, TryAppendError, WriteError};
pub use format::header::HeaderError;
pub use options::{FailureHook, Options};
pub use recover::{DamagedGroup, Recovery, Torn};
pub use room::Room;
pub use stats::{SYNC_BUCKETS_MICROS, Stats};
pub use wal::Wal;
