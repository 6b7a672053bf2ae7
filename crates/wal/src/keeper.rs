//! The thread that makes segments ready before they are needed.
//!
//! Zero-filling and renaming take milliseconds; none of it happens on the writer's thread. The keeper waits for nobody: the
//! writer may be waiting for it. A full disk stops neither: the keeper tries again every second, and
//! [`Wal::room`](crate::Wal::room) says `Low` long before. Any other failure is the end, as it is for the writer.

use std::io;
use std::time::{Duration, Instant};

use crate::format::header::SegmentHeader;
use crate::options::{PREPARED_SEGMENTS, SPARE_SEGMENTS};
use crate::segment::Segment;
use crate::shared::Shared;
use crate::state::{State, Status};

/// How long the keeper waits before it tries again to prepare a segment on a full disk.
const RETRY: Duration = Duration::from_secs(1);

/// Prepares segments until the writer has ended.
pub(crate) fn run(shared: &Shared) {
    while wait_for_need(shared) {
        prepare(shared);
    }
}

/// Waits until a segment should be prepared. False when the writer has ended.
fn wait_for_need(shared: &Shared) -> bool {
    let mut state = shared.state.lock();
    while !state.writer_ended && state.status != Status::Failed {
        let pause = state.preparing_failed.map_or(Duration::ZERO, |at| RETRY.saturating_sub(at.elapsed()));
        if !state.needs_segments() {
            shared.need.wait(&mut state);
        } else if pause.is_zero() {
            return true;
        } else {
            shared.need.wait_for(&mut state, pause);
        }
    }
    false
}

fn prepare(shared: &Shared) {
    let _alone = shared.making.lock();
    if !shared.state.lock().needs_segments() {
        // The collector found an old one to use again.
        return;
    }
    let made = Segment::make(&*shared.disk, next_header(shared, shared.options.segment_bytes));
    match made {
        Ok(segment) => shared.add_prepared(segment),
        Err(error) if is_full(&error) => {
            shared.state.lock().put_off(&error);
            // A log that is closing ends without the segment.
            shared.work.notify_one();
        }
        Err(error) => shared.fail(&error, "preparing a segment"),
    }
}

/// Whether there may be room later.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Turns an old segment, which nobody reads any more, into the next one, if there are not enough. Says whether it did.
pub(crate) fn recycle(shared: &Shared, old: &Segment) -> io::Result<bool> {
    let _alone = shared.making.lock();
    if old.header.capacity != shared.options.segment_bytes || !shared.state.lock().has_use_for_segments() {
        return Ok(false);
    }
    old.unname(&*shared.disk)?;
    // From here on a failure is one of a sync, or leaves a file half made: neither is tried again.
    let renewed = old.renew(&*shared.disk, next_header(shared, old.header.capacity));
    let segment = renewed.inspect_err(|error| shared.fail(error, "using a segment again"))?;
    shared.add_prepared(segment);
    Ok(true)
}

/// The header of the segment behind the newest. `making` is held, so nobody else takes its number.
fn next_header(shared: &Shared, capacity: u64) -> SegmentHeader {
    let newest = shared.state.lock().newest_sequence;
    Segment::new_header(
        shared.folder,
        newest.checked_add(1).expect("2^32 segments outlive any disk"),
        capacity,
    )
}

impl State {
    fn needs_segments(&self) -> bool {
        self.prepared.len() < PREPARED_SEGMENTS
    }

    fn has_use_for_segments(&self) -> bool {
        self.prepared.len() < SPARE_SEGMENTS
    }

    fn put_off(&mut self, error: &io::Error) {
        if self.preparing_failed.is_none() {
            tracing::error!(%error, "no room to prepare a segment; trying again every second");
        }
        self.preparing_failed = Some(Instant::now());
    }
}
