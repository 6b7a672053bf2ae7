//! What can go wrong, one small type per operation. Messages say what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::entry::{Done, Entry, GroupId};
use crate::format::header::HeaderError;

/// A place in a file that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{} is damaged at byte {offset}: {what}", file.display())]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// The first byte in doubt.
    pub offset: u64,
    /// What is wrong with it.
    pub what: String,
}

/// Why a log could not be opened. Nothing has been changed on disk by then.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// An option is out of its range.
    #[error("segments of {0} bytes cannot be written; choose a multiple of 4 KiB from 16 KiB to 1 GiB")]
    SegmentSize(u64),
    /// Another process has it open.
    #[error("{} is in use by another process; stop that one first", .0.display())]
    Locked(PathBuf),
    /// A file bears a name of this log but is not one that this build may touch.
    #[error("{} is left alone: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why it is left alone.
        reason: HeaderError,
    },
    /// A segment of another log.
    #[error("{} belongs to another log; move it out of this folder", .0.display())]
    Foreign(PathBuf),
    /// A segment between two others is gone.
    #[error("{} is missing although a later segment is there; restore it or rebuild this replica", .0.display())]
    MissingSegment(PathBuf),
    /// Damage with valid data behind it. Cutting it would lose what was acknowledged.
    #[error(
        "the log has valid data behind damage, so nothing was cut; restore the file or rebuild this replica"
    )]
    Damaged(#[from] Damage),
    /// The system refused.
    #[error("{} could not be read or written", path.display())]
    Io {
        /// What was being read or written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why a submission was refused. Its callback is not called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// A write or sync has failed before; the process must end.
    #[error("the log has failed on an earlier write; restart to read what is on disk")]
    Failed,
    /// The payload does not fit into a segment.
    #[error(
        "a payload of {bytes} bytes exceeds the {limit} that fit into a segment; split it or raise the segment size"
    )]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The most that fits.
        limit: usize,
    },
    /// An entry is not the next one of its group. Overwriting needs `truncate_after` first.
    #[error("group {group}: entry {index} does not follow {after}; truncate first, and leave no hole")]
    OutOfOrder {
        /// The group.
        group: GroupId,
        /// The entry that was offered.
        index: u64,
        /// The last entry there, or the purged place.
        after: u64,
    },
    /// The group's log was found incomplete at start.
    #[error("the log of group {0} is damaged; drop the group and rebuild its replica")]
    Damaged(GroupId),
}

/// Why an append that does not wait was refused. Its callback is not called.
#[derive(thiserror::Error)]
pub enum TryAppendError {
    /// Too much waits to be written. Here is what was to be appended: wait with `when_room` and try again.
    #[error("too much waits to be written; wait for room and try again")]
    Full(Vec<Entry>, Done),
    /// It would be refused at any time.
    #[error(transparent)]
    Refused(#[from] WriteError),
}

impl fmt::Debug for TryAppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(entries, _) => f.debug_tuple("Full").field(&entries.len()).finish_non_exhaustive(),
            Self::Refused(error) => f.debug_tuple("Refused").field(error).finish(),
        }
    }
}

/// Why entries could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The group's log was found incomplete at start.
    #[error("the log of group {0} is damaged; drop the group and rebuild its replica")]
    DamagedGroup(GroupId),
    /// The bytes on disk are not the entry that was written there.
    #[error("an entry cannot be read back")]
    Damaged(#[from] Damage),
    /// The system refused.
    #[error("{} could not be read at byte {offset}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Where.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
}

/// Why old segments could not be collected. They are all still there.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The log takes no more writes.
    #[error("moving entries forward was refused")]
    Write(#[from] WriteError),
    /// An old entry cannot be read.
    #[error("an entry that must be moved cannot be read")]
    Read(#[from] ReadError),
    /// A group's log is damaged: its bytes are evidence, and stay.
    #[error("group {0} is damaged, so no segment is removed; drop the group first")]
    Damaged(GroupId),
    /// A file could not be removed.
    #[error("{} could not be removed", file.display())]
    Remove {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
