//! What can be set, and the limits that follow from it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::format::{BLOCK, frame, record};

/// Called once, with the error of the first failed write or sync: after the log has begun to refuse submissions, and before
/// any of those that wait is told.
pub type FailureHook = Arc<dyn Fn(&io::Error) + Send + Sync>;

/// How many segments are kept ready. Two, so that an accepted append finds a place even while the next is being made.
pub(crate) const PREPARED_SEGMENTS: usize = 2;

/// How many empty segments are kept when old ones are used again. More than are prepared: a log that frees as much as it
/// fills then never writes zeros.
pub(crate) const SPARE_SEGMENTS: usize = 2 * PREPARED_SEGMENTS;

// The keeper prepares while the writer fills: with fewer the writer would wait at every second segment.
const _: () = assert!(PREPARED_SEGMENTS >= 2);

/// The bytes that one frame carries at most, unless a single record is larger. It bounds what a crash can tear and how
/// long a commit waits for the ones before it.
pub(crate) const FRAME_BYTES: u64 = 4 << 20;

/// Offsets inside a segment are kept in 32 bits.
const LARGEST_SEGMENT_BYTES: u64 = 1 << 30;
const SMALLEST_SEGMENT_BYTES: u64 = 4 * BLOCK;

/// Settings of a log. The defaults suit a server; tests make segments small.
#[derive(Clone)]
pub struct Options {
    /// Length of a segment: a multiple of 4 KiB, from 16 KiB to 1 GiB. An entry must fit into one.
    pub segment_bytes: u64,
    /// How many bytes may wait to be written before an append has to wait. Votes, notes and truncations are let in: they are
    /// small, and each belongs to an append or is waited for.
    pub queue_bytes: usize,
    /// How many bytes of the newest entries stay in memory after they have been written.
    pub tail_cache_bytes: usize,
    /// Above this many bytes on disk the log collects itself when that frees twice what it costs.
    pub collect_above_bytes: u64,
    /// How long the log waits before it tries again to collect, after that failed.
    pub collect_retry: Duration,
    /// Room on the disk, besides two segments, below which [`Wal::room`](crate::Wal::room) says `Low`.
    pub reserve_bytes: u64,
    /// What a failed write or sync does. The default ends the process: after such an error the kernel may have dropped
    /// what it could not write, and a second sync would report success for it.
    pub on_failure: FailureHook,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            queue_bytes: 16 << 20,
            tail_cache_bytes: 32 << 20,
            collect_above_bytes: 1 << 30,
            collect_retry: Duration::from_secs(10),
            reserve_bytes: 256 << 20,
            on_failure: Arc::new(|_| std::process::abort()),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("segment_bytes", &self.segment_bytes)
            .field("queue_bytes", &self.queue_bytes)
            .field("tail_cache_bytes", &self.tail_cache_bytes)
            .field("collect_above_bytes", &self.collect_above_bytes)
            .field("collect_retry", &self.collect_retry)
            .field("reserve_bytes", &self.reserve_bytes)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// Whether segments of this size can be written.
    pub(crate) fn segment_size_is_valid(&self) -> bool {
        (SMALLEST_SEGMENT_BYTES..=LARGEST_SEGMENT_BYTES).contains(&self.segment_bytes)
            && self.segment_bytes.is_multiple_of(BLOCK)
    }

    /// The largest payload that fits into a fresh segment, behind its header and its link to the segment before.
    pub(crate) fn largest_payload_bytes(&self) -> usize {
        let link = record::HEADER_BYTES + 4;
        let taken =
            BLOCK as usize + frame::HEADER_BYTES + link + record::HEADER_BYTES + frame::ALIGNMENT as usize;
        self.segment_bytes as usize - taken
    }
}
