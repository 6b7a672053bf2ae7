//! What callers, writer and keeper share, and the one lock around it.
//!
//! A submission changes the groups and joins the queue under the same lock, so the queue's order is the order in which
//! the groups changed. No file is touched while the lock is held.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::book::Book;
use crate::collector::Failures;
use crate::disk::Disk;
use crate::entry::{Done, GroupId, Ready};
use crate::error::WriteError;
use crate::format::folder::FolderId;
use crate::group::{ENTRY_OVERHEAD_BYTES, Group};
use crate::op::Op;
use crate::options::Options;
use crate::outbox::{Frame, Outbox, Run};
use crate::room::RoomGauge;
use crate::segment::Segment;
use crate::stats::Meters;

/// Whether the log takes submissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Open,
    /// What waits is still written.
    Closing,
    /// A write or sync failed, or a thread panicked. Nothing more is written, and what waits is refused.
    Failed,
}

/// Why the log failed, to be told to everyone who waits.
#[derive(Clone)]
pub(crate) struct Failure {
    kind: io::ErrorKind,
    message: String,
}

impl Failure {
    pub(crate) fn of(error: &io::Error) -> Self {
        Self { kind: error.kind(), message: error.to_string() }
    }

    /// The failure as one who waits is told.
    pub(crate) fn error(&self) -> io::Error {
        io::Error::new(self.kind, self.message.clone())
    }
}

/// Everything behind the lock.
pub(crate) struct State {
    pub(crate) groups: HashMap<GroupId, Group>,
    pub(crate) book: Book,
    pub(crate) outbox: Outbox,
    pub(crate) cache: Cache,
    /// Empty segments, in the order in which they will be written.
    pub(crate) prepared: VecDeque<Arc<Segment>>,
    /// The newest segment, prepared or not.
    pub(crate) newest_sequence: u32,
    /// When the last attempt to prepare a segment failed; none when it succeeded.
    pub(crate) preparing_failed: Option<Instant>,
    /// How often in a row the collector failed.
    pub(crate) collect_failures: Failures,
    pub(crate) status: Status,
    /// Why the log failed: the first cause, which is the only one that counts.
    pub(crate) failure: Option<Failure>,
    /// Whether the writer has ended.
    pub(crate) writer_ended: bool,
    /// Whether the writer sleeps and must be woken.
    pub(crate) writer_sleeps: bool,
    /// Whether something in the queue should be on disk soon.
    pub(crate) urgent: bool,
    /// Those who must not block and want to append.
    pub(crate) waiting_for_room: Vec<Ready>,
    next_stamp: u32,
}

/// The runs of cached entries that are on disk, oldest first, and what all cached entries take.
#[derive(Default)]
pub(crate) struct Cache {
    pub(crate) bytes: usize,
    pub(crate) runs: VecDeque<Run>,
}

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

impl State {
    pub(crate) fn new(
        groups: HashMap<GroupId, Group>,
        book: Book,
        outbox: Outbox,
        prepared: VecDeque<Arc<Segment>>,
        newest: u32,
    ) -> Self {
        let next_stamp = groups.len() as u32 + 1;
        Self {
            groups,
            book,
            outbox,
            cache: Cache::default(),
            prepared,
            newest_sequence: newest,
            preparing_failed: None,
            collect_failures: Failures::default(),
            status: Status::Open,
            failure: None,
            writer_ended: false,
            writer_sleeps: false,
            urgent: false,
            waiting_for_room: Vec::new(),
            next_stamp,
        }
    }

    /// Whether submissions are taken.
    pub(crate) fn admits(&self) -> Result<(), WriteError> {
        match self.status {
            Status::Open => Ok(()),
            Status::Closing => Err(WriteError::Closed),
            Status::Failed => Err(WriteError::Failed),
        }
    }

    /// A number that no group and no epoch has had. Wrapping around is harmless: stamps are only compared with those of
    /// submissions that still wait.
    pub(crate) fn stamp(&mut self) -> u32 {
        let stamp = self.next_stamp;
        self.next_stamp = stamp.wrapping_add(1);
        stamp
    }

    /// The group, made if need be, unless it is damaged.
    pub(crate) fn group(&mut self, id: GroupId) -> Result<&mut Group, WriteError> {
        if !self.groups.contains_key(&id) {
            let stamp = self.stamp();
            self.groups.insert(id, Group::new(stamp));
        }
        let group = self.groups.get_mut(&id).expect("it was just put there");
        if group.damage.is_some() { Err(WriteError::Damaged(id)) } else { Ok(group) }
    }

    pub(crate) fn damaged_group(&self) -> Option<GroupId> {
        self.groups.iter().find(|(_, group)| group.damage.is_some()).map(|(id, _)| *id)
    }

    /// Lets go of the oldest cached entries until the cache is within its bound. Entries on their way to the disk stay.
    pub(crate) fn evict(&mut self, bound: usize) {
        // What was purged leaves its run behind. Those of entries that are cached are fewer than this.
        let runs_bound = bound / ENTRY_OVERHEAD_BYTES;
        while self.cache.bytes > bound || self.cache.runs.len() > runs_bound {
            let Some(run) = self.cache.runs.pop_front() else { return };
            if let Some(group) = self.groups.get_mut(&run.group) {
                self.cache.bytes -= group.evict(run.epoch, run.last);
            }
        }
    }
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
        let prepared = state.prepared.len();
        state.outbox.push(op, done);
        state.frame_waiting();
        self.queued.store(state.outbox.submissions(), Ordering::Relaxed);
        if state.prepared.len() < prepared {
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
            state.frame_waiting();
            self.wake_writer(&mut state);
        }
        self.need.notify_one();
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
