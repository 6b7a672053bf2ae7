//! What is on its way to the disk: frames in order, the last of them still open.
//!
//! A submission is framed when it is made, by whoever makes it: its checksums and its place are known while the sync
//! before is under way, and the writer finds bytes that are ready. Only when no segment is prepared does a submission wait
//! unframed, for the keeper to bring one.
//!
//! Invariants:
//! - submissions are framed in order: nothing is framed while an earlier one waits;
//! - `bytes` counts every submission from its arrival until the frame that ends it has been settled.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::entry::{Done, GroupId};
use crate::format::BLOCK;
use crate::format::record::{Kind, Record};
use crate::frames::{FrameBuilder, Write};
use crate::group::Place;
use crate::op::Op;
use crate::options::FRAME_BYTES;
use crate::scan::Position;
use crate::segment::Segment;

/// How far back a run of the same group is looked for.
const RUNS_SEARCHED: usize = 8;

/// How many written frames leave their memory for later ones.
const SPARES: usize = 2;

/// An operation with its callback.
pub(crate) struct Submission {
    pub(crate) op: Op,
    pub(crate) done: Option<Done>,
    /// How many of its records are in frames.
    pub(crate) framed: usize,
    bytes: usize,
}

/// Entries of a group that are cached, up to an index.
pub(crate) struct Run {
    pub(crate) group: GroupId,
    pub(crate) epoch: u32,
    pub(crate) last: u64,
}

/// An entry that is found at another place once the frame is on disk.
pub(crate) struct Moved {
    pub(crate) group: GroupId,
    pub(crate) index: u64,
    pub(crate) from: Place,
    pub(crate) to: Place,
}

/// What follows from a frame once it is on disk.
#[derive(Default)]
pub(crate) struct Cargo {
    pub(crate) records: u64,
    /// How many submissions end in it, and what they cost in the queue.
    pub(crate) submissions: usize,
    pub(crate) bytes: usize,
    pub(crate) runs: Vec<Run>,
    pub(crate) moved: Vec<Moved>,
    pub(crate) dones: Vec<Done>,
}

/// A frame for the writer. One that only has callbacks has nothing to write.
pub(crate) struct Frame {
    pub(crate) segment: Arc<Segment>,
    pub(crate) write: Option<Write>,
    pub(crate) cargo: Cargo,
}

/// All frames that are not yet with the writer, and what waits to be framed.
pub(crate) struct Outbox {
    segment: Arc<Segment>,
    open: FrameBuilder,
    cargo: Cargo,
    sealed: VecDeque<Frame>,
    waiting: VecDeque<Submission>,
    spares: Vec<(Vec<u8>, Cargo)>,
    bytes: usize,
    submissions: usize,
}

impl Outbox {
    /// Goes on at `position` of `segment`, which has been synced.
    pub(crate) fn new(segment: Arc<Segment>, position: Position) -> io::Result<Self> {
        let mut before = vec![0; (position.offset % BLOCK) as usize];
        segment.file.read_at(&mut before, position.offset / BLOCK * BLOCK)?;
        let mut open = FrameBuilder::new(segment.seed, segment.header.capacity, position, &before);
        if position.offset == BLOCK {
            add_link(&mut open, 0, Position { offset: 0, check: 0 });
        }
        Ok(Self {
            segment,
            open,
            cargo: Cargo::default(),
            sealed: VecDeque::new(),
            waiting: VecDeque::new(),
            spares: Vec::new(),
            bytes: 0,
            submissions: 0,
        })
    }

    /// Takes a submission in, to be framed next.
    pub(crate) fn push(&mut self, op: Op, done: Option<Done>) {
        let bytes = op.bytes();
        self.bytes += bytes;
        self.submissions += 1;
        self.waiting.push_back(Submission { op, done, framed: 0, bytes });
    }

    /// The first submission that is not wholly framed.
    pub(crate) fn next_waiting(&mut self) -> Option<Submission> {
        self.waiting.pop_front()
    }

    /// Puts a submission back that found no segment.
    pub(crate) fn put_back(&mut self, submission: Submission) {
        self.waiting.push_front(submission);
    }

    /// Whether there is something to be framed.
    pub(crate) fn is_short_of_segments(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Sees to it that the open frame has room for a record. False when that needs another segment.
    pub(crate) fn make_room(&mut self, record_bytes: usize) -> bool {
        if !self.open.fits(record_bytes) && !self.open.is_empty() {
            self.seal();
        }
        self.open.fits(record_bytes)
    }

    /// Goes on in another segment, linked to this one. The open frame is empty.
    pub(crate) fn enter(&mut self, next: Arc<Segment>) {
        let left = self.open.position();
        let before = u64::from(self.segment.sequence());
        self.open.enter(next.seed, next.header.capacity);
        self.segment = next;
        add_link(&mut self.open, before, left);
    }

    /// Adds a record that fits to the open frame.
    pub(crate) fn add(&mut self, record: &Record<'_>) -> Place {
        let narrow = |value: u64| u32::try_from(value).expect("segments are below 4 GiB");
        self.cargo.records += 1;
        Place {
            segment: NonZeroU32::new(self.segment.sequence()).expect("sequences start at one"),
            offset: narrow(self.open.add(record)),
            payload_bytes: narrow(record.payload.len() as u64),
        }
    }

    /// Notes that an entry moves with the open frame.
    pub(crate) fn moves(&mut self, moved: Moved) {
        self.cargo.moved.push(moved);
    }

    /// Notes that a submission ends in the open frame.
    pub(crate) fn ends(&mut self, submission: Submission) {
        self.cargo.submissions += 1;
        self.cargo.bytes += submission.bytes;
        self.cargo.dones.extend(submission.done);
        if let Op::Entries { group, epoch, entries } = &submission.op
            && let Some(last) = entries.last()
        {
            self.cargo.ran(Run { group: *group, epoch: *epoch, last: last.index });
        }
    }

    fn seal(&mut self) {
        let (memory, next) = self.spares.pop().unwrap_or_default();
        let write = (!self.open.is_empty()).then(|| self.open.seal(memory));
        let cargo = std::mem::replace(&mut self.cargo, next);
        self.sealed.push_back(Frame { segment: self.segment.clone(), write, cargo });
    }

    /// The oldest frame. The open one is sealed for it when there is no other.
    pub(crate) fn take(&mut self) -> Option<Frame> {
        if self.sealed.is_empty() && !self.cargo.is_empty() {
            self.seal();
        }
        let frame = self.sealed.pop_front()?;
        self.submissions -= frame.cargo.submissions;
        Some(frame)
    }

    /// Whether there is a frame to take.
    pub(crate) fn has_frames(&self) -> bool {
        !self.sealed.is_empty() || !self.cargo.is_empty()
    }

    /// Takes back a frame that was settled, for its memory.
    pub(crate) fn reuse(&mut self, frame: Frame) {
        let Frame { write, mut cargo, .. } = frame;
        self.bytes -= cargo.bytes;
        let mut memory = write.map(|write| write.bytes).unwrap_or_default();
        if self.spares.len() < SPARES {
            memory.clear();
            memory.shrink_to(FRAME_BYTES as usize);
            cargo.clear();
            self.spares.push((memory, cargo));
        }
    }

    /// Every callback, in order, for a log that has ended.
    pub(crate) fn take_dones(&mut self) -> Vec<Done> {
        let sealed = self.sealed.drain(..).flat_map(|frame| frame.cargo.dones);
        let open = self.cargo.dones.drain(..);
        let waiting = self.waiting.drain(..).filter_map(|submission| submission.done);
        sealed.chain(open).chain(waiting).collect()
    }

    /// How many submissions wait for the writer.
    pub(crate) fn submissions(&self) -> usize {
        self.submissions
    }

    /// What all submissions cost that are not settled.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Cargo {
    /// Whether nothing follows from the frame. A link to the segment before is nobody's record.
    fn is_empty(&self) -> bool {
        self.records == 0 && self.submissions == 0
    }

    /// Notes a run of entries, joined to one of the same group where that is near.
    fn ran(&mut self, run: Run) {
        let near = self.runs.iter_mut().rev().take(RUNS_SEARCHED);
        match near.into_iter().find(|other| other.group == run.group && other.epoch == run.epoch) {
            Some(other) => other.last = run.last,
            None => self.runs.push(run),
        }
    }

    fn clear(&mut self) {
        let Self { records, submissions, bytes, runs, moved, dones } = self;
        (*records, *submissions, *bytes) = (0, 0, 0);
        runs.clear();
        moved.clear();
        dones.clear();
    }
}

/// Begins a segment's first frame: it says which segment came before, and where that one ended.
fn add_link(frame: &mut FrameBuilder, before: u64, left: Position) {
    let payload = left.check.to_le_bytes();
    let group = GroupId(0);
    frame.add(&Record { kind: Kind::Link, group, index: before, term: left.offset, payload: &payload });
}
