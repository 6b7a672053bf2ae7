//! Whether the disk has room for more, measured at most once a second.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::disk::Disk;

/// How old a measurement may be.
const FRESH: Duration = Duration::from_secs(1);

/// Whether new work should be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// There is enough.
    Enough,
    /// Refuse new work until there is more. What was accepted still fits.
    Low {
        /// Bytes that can still be written on the disk.
        spare: u64,
    },
}

/// Measures the disk, and remembers the answer for a second.
#[derive(Default)]
pub(crate) struct RoomGauge(Mutex<Option<(Instant, u64)>>);

impl RoomGauge {
    /// Bytes that can still be written. A disk that does not answer has none.
    pub(crate) fn spare_bytes(&self, disk: &dyn Disk) -> u64 {
        let mut last = self.0.lock();
        match *last {
            Some((at, bytes)) if at.elapsed() < FRESH => bytes,
            _ => {
                let bytes = disk.spare_bytes().unwrap_or_else(|error| {
                    tracing::error!(%error, "the room on the log's disk cannot be measured");
                    0
                });
                *last = Some((Instant::now(), bytes));
                bytes
            }
        }
    }
}
