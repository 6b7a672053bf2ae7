//! What callers, writer, keeper and collector share, and who wakes whom.
//!
//! A submission changes the groups and is framed under one lock, so the frames' order is the order in which the groups
//! changed. No file is touched and no callback is called while the lock is held.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::disk::Disk;
use crate::entry::{Done, Ready};
use crate::error::WriteError;
use crate::format::folder::FolderId;
use crate::op::Op;
use crate::options::Options;
use crate::outbox::Frame;
use crate::room::RoomGauge;
use crate::segment::Segment;
use crate::state::{Failure, State, Status};
use crate::stats::Meters;

/// The log, as its threads and handles hold it.
pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) folder: FolderId,
    pub(crate) options: Options,
    pub(crate) state: Mutex<State>,
    /// The queue's length, for the writer to look at without the lock.
    pub(crate) queued: AtomicUsize,
    /// Wakes the writer: there is work.
    pub(crate) work: Condvar,
    /// Wakes submitters: there is room.
    pub(crate) space: Condvar,
    /// Wakes the keeper: a prepared segment was taken.
    pub(crate) need: Condvar,
    /// Wakes the collector: there may be segments to empty or to remove.
    pub(crate) garbage: Condvar,
    /// Held while a segment is made, so that each gets a number of its own.
    pub(crate) making: Mutex<()>,
    /// Held from the moment the log fails until the failure hook has returned.
    pub(crate) failing: Mutex<()>,
    /// Held while collecting, so that it is done once at a time.
    pub(crate) collecting: Mutex<()>,
    pub(crate) meters: Meters,
    pub(crate) room: RoomGauge,
}

impl Shared {
    /// Takes the lock when the log is open.
    pub(crate) fn submit(&self) -> Result<MutexGuard<'_, State>, WriteError> {
        let state = self.state.lock();
        state.admits()?;
        Ok(state)
    }

    /// Takes the lock when the log is open and has room for more bytes, and waits for that.
    pub(crate) fn submit_bytes(&self) -> Result<MutexGuard<'_, State>, WriteError> {
        let mut state = self.state.lock();
        while state.status == Status::Open && !self.has_room(&state) {
            self.wake_writer(&mut state);
            self.space.wait(&mut state);
        }
        state.admits()?;
        Ok(state)
    }

    /// Whether more bytes may join what waits to be written.
    pub(crate) fn has_room(&self, state: &State) -> bool {
        state.outbox.bytes() <= self.options.queue_bytes
    }

    /// Calls `ready` once there is room for more bytes, or none will ever be needed.
    pub(crate) fn when_room(&self, ready: Ready) {
        let mut state = self.state.lock();
        if state.status == Status::Open && !self.has_room(&state) {
            self.wake_writer(&mut state);
            state.waiting_for_room.push(ready);
        } else {
            drop(state);
            ready();
        }
    }

    /// Wakes those who wait for room, without the lock.
    fn tell_room(&self, mut state: MutexGuard<'_, State>) {
        let waited = std::mem::take(&mut state.waiting_for_room);
        drop(state);
        self.space.notify_all();
        waited.into_iter().for_each(|ready| ready());
    }

    /// Submits an operation that should be on disk soon.
    pub(crate) fn push(&self, mut state: MutexGuard<'_, State>, op: Op, done: Option<Done>) {
        self.frame(&mut state, op, done);
        self.wake_writer(&mut state);
    }

    /// Submits an operation that can wait for the next one.
    pub(crate) fn push_lazily(&self, mut state: MutexGuard<'_, State>, op: Op) {
        self.frame(&mut state, op, None);
        if state.outbox.bytes() > self.options.queue_bytes / 2 {
            self.wake_writer(&mut state);
        }
    }

    fn frame(&self, state: &mut State, op: Op, done: Option<Done>) {
        state.outbox.push(op, done);
        self.frame_waiting(state);
        self.queued.store(state.outbox.submissions(), Ordering::Relaxed);
    }

    fn frame_waiting(&self, state: &mut State) {
        let segments = state.book.len();
        state.frame_waiting();
        if state.book.len() > segments {
            // A prepared one was taken, and another one is full.
            self.need.notify_one();
            self.garbage.notify_one();
        }
    }

    /// Takes in an empty segment, for what waits for one and for what will come.
    pub(crate) fn add_prepared(&self, segment: Segment) {
        let mut state = self.state.lock();
        state.newest_sequence = segment.sequence();
        state.prepared.push_back(Arc::new(segment));
        state.preparing_failed = None;
        if state.outbox.is_short_of_segments() {
            self.frame_waiting(&mut state);
            self.wake_writer(&mut state);
        }
    }

    /// Draws the consequences of a frame that is on disk, and gives its callbacks to `dones`, which is empty.
    pub(crate) fn settle(&self, mut frame: Frame, dones: &mut Vec<Done>) {
        let mut state = self.state.lock();
        state.settle(&mut frame.cargo, self.options.tail_cache_bytes);
        std::mem::swap(dones, &mut frame.cargo.dones);
        state.outbox.reuse(frame);
        self.wake_collector_to_remove(&state);
        if self.has_room(&state) {
            self.tell_room(state);
        }
    }

    fn wake_writer(&self, state: &mut State) {
        state.urgent = true;
        if std::mem::take(&mut state.writer_sleeps) {
            self.work.notify_one();
        }
    }

    /// Wakes the collector when there is something for it to remove.
    pub(crate) fn wake_collector_to_remove(&self, state: &State) {
        if state.book.has_unneeded() {
            self.garbage.notify_one();
        }
    }

    /// Stops taking submissions. What waits is still written.
    pub(crate) fn begin_closing(&self) {
        let mut state = self.state.lock();
        if state.status == Status::Open {
            state.status = Status::Closing;
        }
        drop(state);
        self.wake_all();
    }

    /// Ends everything, in this order: submissions are refused from here on, the hook is called, and then whoever waits is
    /// told. Only the first failure counts: one broken disk fails the writer and the keeper at once.
    pub(crate) fn fail(&self, error: &io::Error, what: &str) {
        let _until_the_hook_returns = self.failing.lock();
        {
            let mut state = self.state.lock();
            if state.status == Status::Failed {
                return;
            }
            state.status = Status::Failed;
            state.failure = Some(Failure::of(error));
        }
        tracing::error!(%error, folder = %self.disk.path("").display(), "{what} failed; the process must end");
        (self.options.on_failure)(error);
        self.wake_all();
    }

    /// Ends a log that is closing on a full disk: what waits cannot be written.
    pub(crate) fn end_without_room(&self) {
        let mut state = self.state.lock();
        state.status = Status::Failed;
        let full = io::Error::new(io::ErrorKind::StorageFull, "no room for another segment");
        state.failure.get_or_insert_with(|| Failure::of(&full));
        drop(state);
        self.wake_all();
    }

    /// Nothing is written any more: tells whoever waits for what was not, and lets the other threads end.
    pub(crate) fn writer_ended(&self) {
        let mut state = self.state.lock();
        state.writer_ended = true;
        let unwritten = state.outbox.take_dones();
        drop(state);
        self.wake_all();
        self.refuse(unwritten);
    }

    /// Tells those whose submissions were not written why, after the hook has been told.
    pub(crate) fn refuse(&self, dones: impl IntoIterator<Item = Done>) {
        let after_the_hook = self.failing.lock();
        let failure = self.state.lock().failure.clone();
        drop(after_the_hook);
        for done in dones {
            done(Err(failure.as_ref().map_or_else(|| io::Error::other("the log has ended"), Failure::error)));
        }
    }

    /// Wakes every thread, for the status has changed.
    pub(crate) fn wake_all(&self) {
        self.work.notify_all();
        self.tell_room(self.state.lock());
        self.need.notify_all();
        self.garbage.notify_all();
    }
}
