//! The words of the log's callers: groups, entries, callbacks, and what a group's log looks like now.

use std::fmt;
use std::io;

use bytes::Bytes;

/// One of the logs that share the disk. The caller's number; the log attaches no meaning to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct GroupId(pub u32);

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// An entry of a group's log. Cloning shares the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place; entries of a group have no holes.
    pub index: u64,
    /// The caller's term, kept beside the payload so that it can be read without decoding it.
    pub term: u64,
    /// The caller's bytes.
    pub payload: Bytes,
}

/// Called once on the writer thread, in the order of submission, when what it was given with is on disk.
///
/// It must be short and must not block: every other commit waits for it. An error means that the log has failed or was
/// closed on a full disk, and that what it was given with may or may not be there after the next start.
pub type Done = Box<dyn FnOnce(io::Result<()>) + Send>;

/// Called once when the log has room again or takes nothing more: on the writer thread, or at once on the caller's.
pub type Ready = Box<dyn FnOnce() + Send>;

/// A group's log as callers see it: everything submitted, durable or not yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupState {
    /// The first entry that is there; none when no entry is.
    pub first_index: Option<u64>,
    /// Index and term of the last entry; none when no entry is there.
    pub last: Option<(u64, u64)>,
    /// How far the log was purged, with the caller's bytes for that place.
    pub purged: Option<(u64, Bytes)>,
    /// The last vote.
    pub vote: Option<Bytes>,
    /// The last note of what is committed.
    pub committed: Option<Bytes>,
}
