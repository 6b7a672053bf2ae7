//! The log as its callers hold it.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::collect::{self, CollectReport};
use crate::disk::{Disk, RealDisk};
use crate::entry::{Done, Entry, GroupId, GroupState, Ready};
use crate::error::{CollectError, OpenError, ReadError, TryAppendError, WriteError};
use crate::group::NoteKind;
use crate::op::Op;
use crate::options::Options;
use crate::outbox::Outbox;
use crate::read;
use crate::recover::{Recovered, Recovery, recover};
use crate::room::{Room, RoomGauge};
use crate::shared::Shared;
use crate::state::State;
use crate::stats::{Meters, Stats};
use crate::threads;

/// A log that many groups share. Clones are handles to the same log; the last one to go closes it.
#[derive(Clone)]
pub struct Wal(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl fmt::Debug for Wal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wal").field("folder", &self.0.shared.disk.path("")).finish_non_exhaustive()
    }
}

impl Wal {
    /// Opens the log in this folder for this process alone, making it if need be.
    pub fn open(dir: &Path, options: Options) -> Result<(Self, Recovery), OpenError> {
        let io_error = |source| OpenError::Io { path: dir.to_owned(), source };
        let disk = RealDisk::lock(dir).map_err(io_error)?.ok_or_else(|| OpenError::Locked(dir.to_owned()))?;
        Self::open_on(Arc::new(disk), options)
    }

    /// Opens the log on a disk that the caller chose and that nobody else writes.
    pub fn open_on(disk: Arc<dyn Disk>, options: Options) -> Result<(Self, Recovery), OpenError> {
        if !options.segment_size_is_valid() {
            return Err(OpenError::SegmentSize(options.segment_bytes));
        }
        let Recovered { folder, groups, book, active, position, prepared, report } =
            recover(&*disk, &options)?;
        let newest = prepared.last().unwrap_or(&active).sequence();
        let outbox = Outbox::new(active.clone(), position).map_err(|source| active.io_error(source))?;
        let shared = Arc::new(Shared {
            disk,
            folder,
            options,
            state: Mutex::new(State::new(groups, book, outbox, prepared.into(), newest)),
            queued: AtomicUsize::new(0),
            work: Condvar::new(),
            space: Condvar::new(),
            need: Condvar::new(),
            garbage: Condvar::new(),
            making: Mutex::new(()),
            failing: Mutex::new(()),
            collecting: Mutex::new(()),
            meters: Meters::default(),
            room: RoomGauge::default(),
        });
        let threads = threads::start(&shared).map_err(|source| active.io_error(source))?;
        Ok((Self(Arc::new(Handle { shared, threads: Mutex::new(threads) })), report))
    }

    /// Appends entries, each following the one before. They are readable when this returns, and on disk when `done` is
    /// called. Blocks while too much waits to be written.
    pub fn append(&self, group: GroupId, entries: Vec<Entry>, done: Done) -> Result<(), WriteError> {
        self.check_sizes(&entries)?;
        self.append_to(self.0.shared.submit_bytes()?, group, entries, done)
    }

    /// The same for callers that must not block: gives everything back while too much waits to be written.
    pub fn try_append(&self, group: GroupId, entries: Vec<Entry>, done: Done) -> Result<(), TryAppendError> {
        self.check_sizes(&entries)?;
        let shared = &self.0.shared;
        let state = shared.submit()?;
        if !shared.has_room(&state) {
            return Err(TryAppendError::Full(entries, done));
        }
        Ok(self.append_to(state, group, entries, done)?)
    }

    /// Calls `ready` once [`Wal::try_append`] is worth another attempt. Others may be quicker: try until it is taken.
    pub fn when_room(&self, ready: Ready) {
        self.0.shared.when_room(ready);
    }

    fn append_to(
        &self,
        mut state: MutexGuard<'_, State>,
        group: GroupId,
        entries: Vec<Entry>,
        done: Done,
    ) -> Result<(), WriteError> {
        let it = state.group(group)?;
        refuse_disorder(group, &entries, |index| it.refuses(index))?;
        let epoch = it.epoch;
        let cost: usize = entries.iter().map(|entry| it.append(entry)).sum();
        state.cache.bytes += cost;
        self.0.shared.push(state, Op::Entries { group, epoch, entries }, Some(done));
        Ok(())
    }

    fn check_sizes(&self, entries: &[Entry]) -> Result<(), WriteError> {
        entries.iter().try_for_each(|entry| self.check_size(&entry.payload))
    }

    /// Replaces the group's vote. It is on disk when `done` is called.
    pub fn save_vote(&self, group: GroupId, vote: Bytes, done: Done) -> Result<(), WriteError> {
        self.save_note(group, NoteKind::Vote, vote, Some(done))
    }

    /// Notes how far the group has committed. It goes to disk with the next submission that must.
    pub fn save_committed(&self, group: GroupId, committed: Bytes) -> Result<(), WriteError> {
        self.save_note(group, NoteKind::Committed, committed, None)
    }

    fn save_note(
        &self,
        group: GroupId,
        kind: NoteKind,
        value: Bytes,
        done: Option<Done>,
    ) -> Result<(), WriteError> {
        let shared = &self.0.shared;
        self.check_size(&value)?;
        let mut state = shared.submit()?;
        let it = state.group(group)?;
        it.set_note(kind, value.clone());
        let op = Op::Note { group, birth: it.birth, kind, index: 0, value };
        match done {
            Some(_) => shared.push(state, op, done),
            None => shared.push_lazily(state, op),
        }
        Ok(())
    }

    fn check_size(&self, payload: &Bytes) -> Result<(), WriteError> {
        let limit = self.0.shared.options.largest_payload_bytes();
        if payload.len() > limit { Err(WriteError::TooLarge { bytes: payload.len(), limit }) } else { Ok(()) }
    }

    /// Removes every entry behind `last_kept`; all of them for `None`. That they are gone is on disk when `done` is called.
    pub fn truncate_after(
        &self,
        group: GroupId,
        last_kept: Option<u64>,
        done: Done,
    ) -> Result<(), WriteError> {
        let shared = &self.0.shared;
        let first_removed = last_kept.map_or(0, |index| index.saturating_add(1));
        let mut state = shared.submit()?;
        let epoch = state.stamp();
        state.group(group)?;
        let State { groups, book, cache, .. } = &mut *state;
        if let Some(it) = groups.get_mut(&group) {
            cache.bytes -= it.truncate(first_removed, epoch, book);
        }
        shared.push(state, Op::Truncate { group, first_removed }, Some(done));
        Ok(())
    }

    /// Removes every entry up to and with `index`, and keeps `meta` for that place. It goes to disk with the next
    /// submission that must. A place before the purged one changes nothing.
    pub fn purge_to(&self, group: GroupId, index: u64, meta: Bytes) -> Result<(), WriteError> {
        let shared = &self.0.shared;
        self.check_size(&meta)?;
        let mut state = shared.submit()?;
        let it = state.group(group)?;
        if it.purged_index().is_some_and(|purged| purged >= index) {
            return Ok(());
        }
        let birth = it.birth;
        let State { groups, book, cache, .. } = &mut *state;
        if let Some(it) = groups.get_mut(&group) {
            cache.bytes -= it.purge(index, meta.clone(), book);
        }
        shared.wake_collector_to_remove(&state);
        shared.push_lazily(state, Op::Note { group, birth, kind: NoteKind::Purged, index, value: meta });
        Ok(())
    }

    /// Forgets everything about a group, damaged or not. That it is gone is on disk when `done` is called.
    pub fn drop_group(&self, group: GroupId, done: Done) -> Result<(), WriteError> {
        let shared = &self.0.shared;
        let mut state = shared.submit()?;
        if let Some(it) = state.groups.remove(&group) {
            let State { book, cache, .. } = &mut *state;
            cache.bytes -= it.release_all(book);
        }
        shared.wake_collector_to_remove(&state);
        shared.push(state, Op::Drop { group }, Some(done));
        Ok(())
    }

    /// The group as submitted so far; an unknown group is empty.
    pub fn state(&self, group: GroupId) -> GroupState {
        self.0.shared.state.lock().groups.get(&group).map(|it| it.state()).unwrap_or_default()
    }

    /// The groups that have ever been written to and not dropped.
    pub fn groups(&self) -> Vec<GroupId> {
        let mut groups: Vec<_> = self.0.shared.state.lock().groups.keys().copied().collect();
        groups.sort_unstable();
        groups
    }

    /// Every entry of the range that is there, in order, durable or not yet. Payloads beyond `max_bytes` are left out, but
    /// never the first: the answer is empty only when no entry of the range is there.
    pub fn read(&self, group: GroupId, range: Range<u64>, max_bytes: usize) -> Result<Vec<Entry>, ReadError> {
        let plan = {
            let state = self.0.shared.state.lock();
            let Some(it) = state.groups.get(&group) else { return Ok(Vec::new()) };
            if it.damage.is_some() {
                return Err(ReadError::DamagedGroup(group));
            }
            read::plan(it, &state.book, range, max_bytes)
        };
        let mut entries = read::run(group, &plan.jobs)?;
        entries.extend(plan.cached);
        Ok(entries)
    }

    /// Writes what is still needed of old segments again where that frees more than it costs, and removes them. The log
    /// does this by itself above a threshold. Blocks until it is done; not to be called from a callback.
    pub fn collect(&self) -> Result<CollectReport, CollectError> {
        collect::collect(&self.0.shared)
    }

    /// The log's figures now.
    pub fn stats(&self) -> Stats {
        let shared = &self.0.shared;
        let mut stats = Stats { spare_bytes: shared.room.spare_bytes(&*shared.disk), ..Stats::default() };
        shared.meters.read_into(&mut stats);
        let state = shared.state.lock();
        let prepared_bytes: u64 = state.prepared.iter().map(|segment| segment.header.capacity).sum();
        stats.disk_bytes = state.book.disk_bytes() + prepared_bytes;
        stats.segments = state.book.len();
        stats.prepared_segments = state.prepared.len();
        stats.live_bytes = state.book.live_bytes();
        stats.queued = state.outbox.submissions();
        stats.queued_bytes = state.outbox.bytes();
        stats.cached_bytes = state.cache.bytes;
        stats.collect_failures = state.collect_failures.count;
        stats
    }

    /// Whether new work should be taken in. Low while the disk has less room than two segments and the reserve, or no
    /// segment could be prepared.
    pub fn room(&self) -> Room {
        let shared = &self.0.shared;
        let spare = shared.room.spare_bytes(&*shared.disk);
        let wanted = 2 * shared.options.segment_bytes + shared.options.reserve_bytes;
        if spare < wanted || shared.state.lock().preparing_failed.is_some() {
            Room::Low { spare }
        } else {
            Room::Enough
        }
    }

    /// Writes what waits, syncs, and ends the threads. Other handles are refused from now on. Dropping the last handle does
    /// the same.
    pub fn close(self) {
        self.0.close();
    }
}

/// The first entry that does not follow the one before it, or the group's last.
fn refuse_disorder(
    group: GroupId,
    entries: &[Entry],
    refused_by_group: impl Fn(u64) -> Option<u64>,
) -> Result<(), WriteError> {
    let Some(first) = entries.first() else { return Ok(()) };
    let error = |index, after| Err(WriteError::OutOfOrder { group, index, after });
    if let Some(after) = refused_by_group(first.index) {
        return error(first.index, after);
    }
    match entries.windows(2).find(|pair| pair[0].index.checked_add(1) != Some(pair[1].index)) {
        Some(pair) => error(pair[1].index, pair[0].index),
        None => Ok(()),
    }
}

impl Handle {
    /// Ends the threads. The writer needs the keeper until it has written what waits; the collector needs the writer. Each
    /// ends by itself once the log closes, so the order of joining does not matter.
    fn close(&self) {
        self.shared.begin_closing();
        let threads = std::mem::take(&mut *self.threads.lock());
        let current = thread::current().id();
        if threads.iter().any(|thread| thread.thread().id() == current) {
            // The last handle went in a callback: the threads end by themselves, and cannot wait for themselves.
            return;
        }
        threads.into_iter().for_each(threads::join);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}
