//! Everything behind the lock: the groups, the segments' book, what is on its way to the disk, and the log's condition.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Instant;

use crate::book::Book;
use crate::collector::Failures;
use crate::entry::{GroupId, Ready};
use crate::error::WriteError;
use crate::group::{ENTRY_OVERHEAD_BYTES, Group};
use crate::outbox::{Outbox, Run};
use crate::segment::Segment;

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

/// What callers, writer, keeper and collector change, each in its turn.
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
