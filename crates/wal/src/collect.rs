//! Old segments go: what is still needed of them is written again at the new end, then they are removed, oldest first.
//!
//! Everything moved goes through the queue like any other submission, so it has its place in the one order. A segment is
//! removed only when everything submitted before is on disk: the record of the purge that made its entries void may
//! still have been waiting.

use std::io;
use std::sync::Arc;
use std::sync::mpsc;

use bytes::Bytes;

pub use crate::error::CollectError;

use crate::entry::GroupId;
use crate::error::WriteError;
use crate::group::{NoteKind, Place};
use crate::keeper;
use crate::op::Op;
use crate::plan::{Sealed, worth_emptying};
use crate::read;
use crate::segment::{self, Segment};
use crate::shared::Shared;
use crate::state::State;

/// How many bytes of entries are read and queued at once.
const MOVE_BYTES: u64 = 1 << 20;

/// What a collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CollectReport {
    /// Entries written again at the new end.
    pub moved_entries: u64,
    /// Segments that went, removed or used again.
    pub removed_segments: u64,
}

/// How many of the oldest segments are worth emptying.
pub(crate) fn planned(state: &State) -> usize {
    let sealed = state.book.sealed();
    worth_emptying(
        sealed.map(|usage| Sealed { bytes: usage.segment.header.capacity, live_bytes: usage.live_bytes }),
    )
}

/// Empties and removes the old segments that are worth it: one after the other, so that no more than one new segment is
/// filled before an old one makes room for it.
pub(crate) fn collect(shared: &Shared) -> Result<CollectReport, CollectError> {
    let mut report = CollectReport::default();
    // A damaged group may need what nobody can tell.
    oldest_sealed(shared)?;
    let worth_it = planned(&shared.state.lock());
    for _ in 0..worth_it {
        let Some(oldest) = oldest_sealed(shared)? else { break };
        report.moved_entries += empty(shared, oldest)?;
        report.removed_segments += remove_unneeded(shared)?;
    }
    report.removed_segments += remove_unneeded(shared)?;
    Ok(report)
}

/// Writes everything again that is still needed of a segment and those before it.
fn empty(shared: &Shared, newest: u32) -> Result<u64, CollectError> {
    let _alone = shared.collecting.lock();
    // The segment is full, but its last frames may not be on disk yet.
    wait_until_durable(shared)?;
    let mut moved_entries = 0;
    let groups: Vec<GroupId> = shared.state.lock().groups.keys().copied().collect();
    for group in groups {
        moved_entries += move_entries(shared, group, newest)?;
        move_notes(shared, group, newest)?;
    }
    // Once they are stored elsewhere, their old segment is unneeded.
    wait_until_durable(shared)?;
    Ok(moved_entries)
}

fn oldest_sealed(shared: &Shared) -> Result<Option<u32>, CollectError> {
    let state = shared.state.lock();
    if let Some(group) = state.damaged_group() {
        return Err(CollectError::Damaged(group));
    }
    Ok(state.book.sealed().next().map(|usage| usage.segment.sequence()))
}

/// Writes a group's entries of old segments again.
fn move_entries(shared: &Shared, group: GroupId, newest: u32) -> Result<u64, CollectError> {
    let mut places: Vec<(u64, Place)> = match shared.state.lock().groups.get(&group) {
        Some(it) => it.stored_up_to(newest).collect(),
        None => return Ok(0),
    };
    let moved = places.len() as u64;
    while !places.is_empty() {
        let mut bytes = 0;
        let fitting = places.iter().take_while(|(_, place)| {
            bytes += place.bytes();
            bytes <= MOVE_BYTES
        });
        let count = fitting.count().max(1);
        let rest = places.split_off(count);
        move_some(shared, group, &places)?;
        places = rest;
    }
    Ok(moved)
}

/// Reads some entries and queues them again, those that are still wanted by then.
fn move_some(shared: &Shared, group: GroupId, places: &[(u64, Place)]) -> Result<(), CollectError> {
    let jobs = {
        let state = shared.state.lock();
        let Some(it) = state.groups.get(&group) else { return Ok(()) };
        let wanted = places.iter().filter(|(index, place)| it.holds(*index, *place));
        wanted.map(|(index, place)| read::Job::new(*index, *place, &state.book)).collect::<Vec<_>>()
    };
    let entries = read::run(group, &jobs)?;
    let state = shared.submit_bytes()?;
    let Some(it) = state.groups.get(&group) else { return Ok(()) };
    let moves = entries.into_iter().zip(jobs.iter().map(read::Job::place));
    let moves: Vec<_> = moves.filter(|(entry, place)| it.holds(entry.index, *place)).collect();
    if !moves.is_empty() {
        shared.push(state, Op::Moves { group, moves }, None);
    }
    Ok(())
}

/// Writes a group's notes of old segments again.
fn move_notes(shared: &Shared, group: GroupId, newest: u32) -> Result<(), CollectError> {
    for kind in NoteKind::ALL {
        let state = shared.submit()?;
        let Some(it) = state.groups.get(&group) else { return Ok(()) };
        let note = it.note(kind);
        if note.home.is_some_and(|place| place.segment.get() <= newest) {
            let value = note.value.clone().unwrap_or_else(Bytes::new);
            let index = if kind == NoteKind::Purged { it.purged_index().unwrap_or(0) } else { 0 };
            let op = Op::Note { group, birth: it.birth, kind, index, value };
            shared.push(state, op, None);
        }
    }
    Ok(())
}

/// Removes the oldest segments as long as nothing in them is needed. Returns how many went.
pub(crate) fn remove_unneeded(shared: &Shared) -> Result<u64, CollectError> {
    let _alone = shared.collecting.lock();
    // Looked up before the wait: what becomes unneeded later does so by a record that may not be on disk yet.
    let Some(newest) = shared.state.lock().book.newest_unneeded() else { return Ok(0) };
    wait_until_durable(shared)?;
    let mut removed = 0;
    while let Some(segment) = oldest_unneeded(shared)?.filter(|segment| segment.sequence() <= newest) {
        let_go(shared, &segment)?;
        // Only now: a segment that could not be removed must stay the oldest, or the next one would leave a gap behind it.
        shared.state.lock().book.remove_unneeded();
        removed += 1;
    }
    Ok(removed)
}

/// The oldest segment, if nothing in it is needed.
fn oldest_unneeded(shared: &Shared) -> Result<Option<Arc<Segment>>, CollectError> {
    let state = shared.state.lock();
    match state.damaged_group() {
        Some(group) => Err(CollectError::Damaged(group)),
        None => Ok(state.book.unneeded()),
    }
}

/// Waits until everything submitted before is on disk.
fn wait_until_durable(shared: &Shared) -> Result<(), CollectError> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let done = Box::new(move |result: io::Result<()>| {
        // Nobody listens any more only if this thread is gone.
        let _ = sender.send(result.is_ok());
    });
    shared.push(shared.submit()?, Op::Barrier, Some(done));
    match receiver.recv() {
        Ok(true) => Ok(()),
        _ => Err(WriteError::Failed.into()),
    }
}

/// Removes a segment's file or makes it the next segment. One after the other, each durable before the next: a segment
/// must never be gone while an older one is still there.
fn let_go(shared: &Shared, segment: &Arc<Segment>) -> Result<(), CollectError> {
    // The book's share and ours. A reader that still has the segment must find its old bytes; nobody takes a new share,
    // for no entry is there any more.
    let unread = Arc::strong_count(segment) == 2;
    let gone = if unread { keeper::recycle(shared, segment) } else { Ok(false) };
    let gone = gone.and_then(|recycled| if recycled { Ok(()) } else { remove(shared, segment) });
    gone.map_err(|source| CollectError::Remove { file: segment.path.clone(), source })
}

fn remove(shared: &Shared, segment: &Segment) -> io::Result<()> {
    shared.disk.remove(&segment::name(segment.sequence()))?;
    shared.disk.sync_folder().inspect_err(|error| shared.fail(error, "making a removal durable"))
}
