//! The thread that writes: drain the queue, one write, one sync, then all callbacks.
//!
//! A failed write or sync is the end: the hook is called, which by default ends the process, and nothing is tried again.
//! One frame is one write, and the next one starts only after the sync of the one before; recovery builds on that.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::disk::DiskFile;
use crate::entry::GroupId;
use crate::format::BLOCK;
use crate::format::record::{Kind, Record};
use crate::frames::FrameBuilder;
use crate::group::{NoteKind, Place};
use crate::options::PREPARED_SEGMENTS;
use crate::queue::{Op, Submission};
use crate::scan::Position;
use crate::segment::Segment;
use crate::shared::{Run, Shared, State, Status};

/// The longest that a commit waits for the others that came with the last one.
const LONGEST_LINGER: Duration = Duration::from_micros(100);

/// The writer's own: nobody else writes frames.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    segment: Arc<Segment>,
    frame: FrameBuilder,
    /// What was taken from the queue and is not in a frame yet.
    batch: VecDeque<Submission>,
    /// What is in the frame, or needs no place in it.
    framed: VecDeque<Submission>,
    placed: Vec<Placed>,
    pace: Pace,
}

/// A record of the frame, for its group to learn where it is.
struct Placed {
    group: GroupId,
    index: u64,
    place: Place,
    what: What,
}

enum What {
    Entry { epoch: u32 },
    Moved { from: Place },
    Note { birth: u32, kind: NoteKind },
}

/// Why the writer ends.
enum Stop {
    /// A write or sync failed.
    Failed(io::Error),
    /// The log is closing and no segment could be made for what still waits.
    NoSegment,
    /// The log was closed and nothing waits, or the keeper has failed.
    Ended,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl Writer {
    /// Goes on at `position` of `segment`, which has been synced.
    pub(crate) fn new(shared: Arc<Shared>, segment: Arc<Segment>, position: Position) -> io::Result<Self> {
        let mut before = vec![0; (position.offset % BLOCK) as usize];
        segment.file.read_at(&mut before, position.offset / BLOCK * BLOCK)?;
        let mut frame = FrameBuilder::new(segment.seed, segment.header.capacity, position, &before);
        if position.offset == BLOCK {
            add_link(&mut frame, 0, Position { offset: 0, check: 0 });
        }
        Ok(Self {
            shared,
            segment,
            frame,
            batch: VecDeque::new(),
            framed: VecDeque::new(),
            placed: Vec::new(),
            pace: Pace::default(),
        })
    }

    /// Writes until the log is closed and the queue is empty, or something fails.
    pub(crate) fn run(mut self) {
        let stop = loop {
            if !self.take_batch() {
                break Stop::Ended;
            }
            if let Err(stop) = self.commit() {
                break stop;
            }
        };
        self.refuse_rest(stop);
        let mut state = self.shared.state.lock();
        state.writer_ended = true;
        self.shared.need.notify_all();
        self.shared.garbage.notify_all();
    }

    /// Waits for work and takes all of it. False when the log is closed and nothing waits, or has failed.
    fn take_batch(&mut self) -> bool {
        self.pace.linger(&self.shared);
        let mut state = self.shared.state.lock();
        while state.status == Status::Open && !state.urgent {
            state.writer_sleeps = true;
            self.shared.work.wait(&mut state);
        }
        if state.status == Status::Failed {
            return false;
        }
        state.urgent = false;
        state.writer_sleeps = false;
        state.queue.take_into(&mut self.batch);
        self.shared.queued.store(0, Ordering::Relaxed);
        self.pace.took(self.batch.len());
        !self.batch.is_empty() || state.status == Status::Open
    }

    fn commit(&mut self) -> Result<(), Stop> {
        while let Some(submission) = self.batch.pop_front() {
            let framed = self.frame_all(&submission.op);
            self.framed.push_back(submission);
            framed?;
        }
        self.flush()
    }

    /// Puts every record of an operation into frames.
    fn frame_all(&mut self, op: &Op) -> Result<(), Stop> {
        for at in 0..op.records() {
            let record = op.record(at);
            self.make_room(record.bytes())?;
            let offset = self.frame.add(&record);
            let place = self.place(offset, record.payload.len());
            if let Some(what) = op.what(at) {
                self.placed.push(Placed { group: record.group, index: record.index, place, what });
            }
        }
        Ok(())
    }

    fn place(&self, offset: u64, payload_bytes: usize) -> Place {
        let narrow = |value: u64| u32::try_from(value).expect("segments are below 4 GiB");
        Place {
            segment: NonZeroU32::new(self.segment.sequence()).expect("sequences start at one"),
            offset: narrow(offset),
            payload_bytes: narrow(payload_bytes as u64),
        }
    }

    /// Sees to it that the frame has room for a record.
    fn make_room(&mut self, record_bytes: usize) -> Result<(), Stop> {
        if !self.frame.fits(record_bytes) {
            self.flush()?;
        }
        if !self.frame.fits(record_bytes) {
            self.enter_next_segment()?;
        }
        Ok(())
    }

    /// Writes the frame, syncs it, tells the groups and calls the callbacks.
    fn flush(&mut self) -> Result<(), Stop> {
        if !self.frame.is_empty() {
            let write = self.frame.finish();
            self.segment.file.write_at(write.bytes, write.offset)?;
            self.shared.meters.written_bytes.fetch_add(write.bytes.len() as u64, Ordering::Relaxed);
            let took = sync(&*self.segment.file)?;
            self.shared.meters.synced(took);
            self.pace.synced(took);
            self.frame.next();
        }
        self.settle();
        for submission in self.framed.drain(..) {
            if let Some(done) = submission.done {
                done(Ok(()));
            }
        }
        Ok(())
    }

    /// Tells the groups where their records are.
    fn settle(&mut self) {
        self.shared.meters.records.fetch_add(self.placed.len() as u64, Ordering::Relaxed);
        let mut state = self.shared.state.lock();
        for placed in self.placed.drain(..) {
            state.learn(placed);
        }
        for submission in &self.framed {
            state.queue.finished(submission.bytes);
            if let Op::Entries { group, epoch, entries } = &submission.op
                && let Some(last) = entries.last()
            {
                state.cache.runs.push_back(Run { group: *group, epoch: *epoch, last: last.index });
            }
        }
        state.evict(self.shared.options.tail_cache_bytes);
        if state.queue.bytes() <= self.shared.options.queue_bytes {
            self.shared.space.notify_all();
        }
        self.shared.wake_collector_to_remove(&state);
    }

    /// Goes on in the next prepared segment, linked to this one. The frame is empty.
    fn enter_next_segment(&mut self) -> Result<(), Stop> {
        let next = self.wait_for_segment()?;
        let left = self.frame.position();
        let before = u64::from(self.segment.sequence());
        self.frame.enter(next.seed, next.header.capacity);
        self.segment = next;
        add_link(&mut self.frame, before, left);
        Ok(())
    }

    fn wait_for_segment(&mut self) -> Result<Arc<Segment>, Stop> {
        let mut state = self.shared.state.lock();
        loop {
            if let Some(next) = state.prepared.pop_front() {
                state.book.add(next.clone());
                self.shared.need.notify_one();
                self.shared.garbage.notify_one();
                return Ok(next);
            }
            if state.status == Status::Failed {
                return Err(Stop::Ended);
            }
            if state.status == Status::Closing && state.preparing_failed.is_some() {
                return Err(Stop::NoSegment);
            }
            self.shared.segments.wait(&mut state);
        }
    }

    /// Tells whoever waits for what was not written. After a failure there may be many; after a proper end there is nobody.
    fn refuse_rest(&mut self, stop: Stop) {
        match stop {
            Stop::Failed(error) => self.shared.fail(&error, "writing"),
            Stop::NoSegment => self.shared.end_without_room(),
            Stop::Ended => {}
        }
        let queued = self.shared.state.lock().queue.take_all();
        self.shared.refuse(self.framed.drain(..).chain(self.batch.drain(..)).chain(queued));
    }
}

/// Begins a segment's first frame: it says which segment came before, and where that one ended.
fn add_link(frame: &mut FrameBuilder, before: u64, left: Position) {
    let payload = left.check.to_le_bytes();
    let group = GroupId(0);
    frame.add(&Record { kind: Kind::Link, group, index: before, term: left.offset, payload: &payload });
}

/// Syncs, and says how long it took.
fn sync(file: &dyn DiskFile) -> io::Result<Duration> {
    let start = Instant::now();
    file.sync()?;
    Ok(start.elapsed())
}

impl Op {
    /// What a group must learn once the record is on disk.
    fn what(&self, at: usize) -> Option<What> {
        match self {
            Self::Entries { epoch, .. } => Some(What::Entry { epoch: *epoch }),
            Self::Moves { moves, .. } => Some(What::Moved { from: moves[at].1 }),
            Self::Note { birth, kind, .. } => Some(What::Note { birth: *birth, kind: *kind }),
            Self::Truncate { .. } | Self::Drop { .. } | Self::Barrier => None,
        }
    }
}

impl State {
    /// Tells a group where a record is, if the group still exists and wants it.
    fn learn(&mut self, placed: Placed) {
        let Placed { group, index, place, what } = placed;
        let Some(group) = self.groups.get_mut(&group) else { return };
        match what {
            What::Entry { epoch } => group.stored(index, epoch, place, &mut self.book),
            What::Moved { from } => group.moved(index, from, place, &mut self.book),
            What::Note { birth, kind } if birth == group.birth => {
                group.note_stored(kind, place, &mut self.book)
            }
            What::Note { .. } => {}
        }
    }
}

/// Waits a moment for company, when the last commit had some.
///
/// Writers that were acknowledged together come back together, but not at the same instant: taking the first one alone
/// would make every round cost two syncs. An idle log never waits: a commit that was alone expects nobody.
#[derive(Default)]
struct Pace {
    /// How many submissions are expected to come together.
    expected: usize,
    last_sync: Duration,
}

impl Pace {
    fn took(&mut self, submissions: usize) {
        self.expected = submissions.max(self.expected - self.expected.div_ceil(8));
    }

    fn synced(&mut self, took: Duration) {
        self.last_sync = took;
    }

    /// Gives way until those who are expected are there, or an eighth of a sync has passed.
    fn linger(&self, shared: &Shared) {
        let arrived = || shared.queued.load(Ordering::Relaxed);
        if self.expected <= 1 || arrived() >= self.expected {
            return;
        }
        let limit = (self.last_sync / 8).min(LONGEST_LINGER);
        let start = Instant::now();
        while arrived() < self.expected && start.elapsed() < limit {
            std::thread::yield_now();
        }
    }
}

// The keeper prepares while the writer fills: with fewer the writer would wait at every second segment.
const _: () = assert!(PREPARED_SEGMENTS >= 2);
