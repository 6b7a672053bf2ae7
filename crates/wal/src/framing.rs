//! From operations to frames, and back to the groups: who learns what, and when.
//!
//! Where an entry is, a group learns when it is framed: until the frame is on disk the entry is also in memory, and is
//! read from there. An entry that is moved may be in no memory, so its group learns of the new place only once it can be
//! read there.

use crate::format::record::Record;
use crate::group::Place;
use crate::op::Op;
use crate::outbox::{Cargo, Moved, Submission};
use crate::state::State;

impl State {
    /// Frames what waits, as far as there are segments for it.
    pub(crate) fn frame_waiting(&mut self) {
        while let Some(mut submission) = self.outbox.next_waiting() {
            if self.frame(&mut submission) {
                self.outbox.ends(submission);
            } else {
                self.outbox.put_back(submission);
                return;
            }
        }
    }

    /// Puts the records of a submission into frames. False when there is no segment for the rest.
    fn frame(&mut self, submission: &mut Submission) -> bool {
        for at in submission.framed..submission.op.records() {
            let record = submission.op.record(at);
            if !self.make_room(&record) {
                return false;
            }
            let place = self.outbox.add(&record);
            self.framed(&submission.op, at, place);
            submission.framed += 1;
        }
        true
    }

    fn make_room(&mut self, record: &Record<'_>) -> bool {
        if self.outbox.make_room(record.bytes()) {
            return true;
        }
        let Some(next) = self.prepared.pop_front() else { return false };
        self.book.add(next.clone());
        self.outbox.enter(next);
        true
    }

    /// Tells a group where a record will be, if the group still exists and wants it.
    fn framed(&mut self, op: &Op, at: usize, place: Place) {
        let Self { groups, book, outbox, .. } = self;
        match op {
            Op::Entries { group, epoch, entries } => {
                if let Some(group) = groups.get_mut(group) {
                    group.stored(entries[at].index, *epoch, place, book);
                }
            }
            Op::Moves { group, moves } => {
                let (entry, from) = &moves[at];
                outbox.moves(Moved { group: *group, index: entry.index, from: *from, to: place });
            }
            Op::Note { group, birth, kind, .. } => {
                if let Some(group) = groups.get_mut(group).filter(|group| group.birth == *birth) {
                    group.note_stored(*kind, place, book);
                }
            }
            Op::Truncate { .. } | Op::Drop { .. } | Op::Barrier => {}
        }
    }

    /// Draws the consequences of a frame that is on disk.
    pub(crate) fn settle(&mut self, cargo: &mut Cargo, cache_bound: usize) {
        for Moved { group, index, from, to } in cargo.moved.drain(..) {
            if let Some(group) = self.groups.get_mut(&group) {
                group.moved(index, from, to, &mut self.book);
            }
        }
        self.cache.runs.extend(cargo.runs.drain(..));
        self.evict(cache_bound);
    }
}
