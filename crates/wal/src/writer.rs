//! The thread that writes: one frame, one write, one sync, then all its callbacks.
//!
//! A failed write or sync is the end: the hook is called, which by default ends the process, and nothing is tried again.
//! One frame is one write, and the next one starts only after the sync of the one before; recovery builds on that.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::entry::Done;
use crate::outbox::Frame;
use crate::pace::Pace;
use crate::shared::Shared;
use crate::state::Status;

/// The writer's own: nobody else writes frames.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    /// The callbacks of the frame that was written last.
    dones: Vec<Done>,
    pace: Pace,
}

/// Why the writer ends.
enum Stop {
    /// The log is closing and no segment could be made for what still waits.
    NoSegment,
    /// The log was closed and nothing waits, or it has failed.
    Ended,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, dones: Vec::new(), pace: Pace::default() }
    }

    /// Writes until the log is closed and nothing waits, or something fails.
    pub(crate) fn run(mut self) {
        let stop = loop {
            match self.next_frame() {
                Ok(frame) => self.commit(frame),
                Err(stop) => break stop,
            }
        };
        if let Stop::NoSegment = stop {
            self.shared.end_without_room();
        }
        self.shared.writer_ended();
    }

    /// Waits for a frame that should be on disk soon.
    fn next_frame(&mut self) -> Result<Frame, Stop> {
        self.pace.linger(&self.shared);
        let mut state = self.shared.state.lock();
        loop {
            if state.status == Status::Failed {
                return Err(Stop::Ended);
            }
            if (state.urgent || state.status == Status::Closing)
                && let Some(frame) = state.outbox.take()
            {
                state.urgent = state.outbox.has_frames();
                self.shared.queued.store(state.outbox.submissions(), Ordering::Relaxed);
                self.pace.took(frame.cargo.submissions);
                return Ok(frame);
            }
            if state.status == Status::Closing {
                match (state.outbox.is_short_of_segments(), state.preparing_failed) {
                    (false, _) => return Err(Stop::Ended),
                    (true, Some(_)) => return Err(Stop::NoSegment),
                    (true, None) => {}
                }
            }
            state.urgent = false;
            state.writer_sleeps = true;
            self.shared.work.wait(&mut state);
            state.writer_sleeps = false;
        }
    }

    /// Writes a frame, syncs it, and calls the callbacks; or fails, and tells them that.
    fn commit(&mut self, mut frame: Frame) {
        match self.write(&frame) {
            Ok(()) => {
                self.shared.settle(frame, &mut self.dones);
                for done in self.dones.drain(..) {
                    done(Ok(()));
                }
            }
            Err(error) => {
                self.shared.fail(&error, "writing");
                self.shared.refuse(frame.cargo.dones.drain(..));
            }
        }
    }

    fn write(&mut self, frame: &Frame) -> io::Result<()> {
        let Some(write) = &frame.write else { return Ok(()) };
        frame.segment.file.write_at(&write.bytes, write.offset)?;
        let start = Instant::now();
        frame.segment.file.sync()?;
        let took = start.elapsed();
        self.pace.synced(took);
        let meters = &self.shared.meters;
        meters.synced(took);
        meters.written_bytes.fetch_add(write.bytes.len() as u64, Ordering::Relaxed);
        meters.records.fetch_add(frame.cargo.records, Ordering::Relaxed);
        Ok(())
    }
}
