//! What is in memory of one group: where each entry is, the newest entries themselves, and the group's notes.
//!
//! Invariants:
//! - `slots` holds the entries `first..first + slots.len()`, without holes;
//! - `tail` holds the last `tail.len()` of them, and every entry that is not yet on disk is among these;
//! - `terms` holds the first index of each run of equal terms, and begins at `first` or before;
//! - every place in `slots` and every home in `notes` is counted in the [`Book`], once.

use std::collections::VecDeque;
use std::num::NonZeroU32;

use bytes::Bytes;

use crate::book::Book;
use crate::entry::{Entry, GroupState};
use crate::format::record::{self, Kind};

/// What an entry in the tail costs beside its payload, nearly.
pub(crate) const ENTRY_OVERHEAD_BYTES: usize = 64;

/// Where a record is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) segment: NonZeroU32,
    pub(crate) offset: u32,
    pub(crate) payload_bytes: u32,
}

impl Place {
    /// The record's length.
    pub(crate) fn bytes(&self) -> u64 {
        record::HEADER_BYTES as u64 + u64::from(self.payload_bytes)
    }

    /// Where the record ends.
    pub(crate) fn end(&self) -> u64 {
        u64::from(self.offset) + self.bytes()
    }
}

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// On its way to the disk. The epoch tells it from an entry of the same index that was truncated meanwhile.
    Pending { epoch: u32 },
    /// On disk.
    Stored(Place),
}

// A million entries cost twelve megabytes, not more.
const _: () = assert!(size_of::<Slot>() == 12);

/// What a group has one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoteKind {
    Vote,
    Committed,
    Purged,
}

impl NoteKind {
    pub(crate) const ALL: [Self; 3] = [Self::Vote, Self::Committed, Self::Purged];

    pub(crate) fn record_kind(self) -> Kind {
        match self {
            Self::Vote => Kind::Vote,
            Self::Committed => Kind::Committed,
            Self::Purged => Kind::Purge,
        }
    }
}

/// A note and where its newest record on disk is.
#[derive(Default)]
pub(crate) struct Note {
    pub(crate) value: Option<Bytes>,
    pub(crate) home: Option<Place>,
}

/// One group.
pub(crate) struct Group {
    /// Tells this group from an earlier one of the same number.
    pub(crate) birth: u32,
    /// Changes with every truncation.
    pub(crate) epoch: u32,
    /// Why the group is refused, if it is.
    pub(crate) damage: Option<String>,
    first: u64,
    slots: VecDeque<Slot>,
    terms: VecDeque<(u64, u64)>,
    tail: VecDeque<(u32, Entry)>,
    purged: Option<u64>,
    notes: [Note; 3],
}

impl Group {
    pub(crate) fn new(stamp: u32) -> Self {
        Self {
            birth: stamp,
            epoch: stamp,
            damage: None,
            first: 0,
            slots: VecDeque::new(),
            terms: VecDeque::new(),
            tail: VecDeque::new(),
            purged: None,
            notes: Default::default(),
        }
    }

    pub(crate) fn state(&self) -> GroupState {
        let note = |kind| self.note(kind).value.clone();
        GroupState {
            first_index: self.last_index().map(|_| self.first),
            last: self.last_index().map(|last| (last, self.term_at(last))),
            purged: self.purged.map(|index| (index, note(NoteKind::Purged).unwrap_or_default())),
            vote: note(NoteKind::Vote),
            committed: note(NoteKind::Committed),
        }
    }

    pub(crate) fn first_index(&self) -> u64 {
        self.first
    }

    pub(crate) fn last_index(&self) -> Option<u64> {
        (self.first + self.slots.len() as u64).checked_sub(1).filter(|_| !self.slots.is_empty())
    }

    pub(crate) fn purged_index(&self) -> Option<u64> {
        self.purged
    }

    pub(crate) fn note(&self, kind: NoteKind) -> &Note {
        &self.notes[kind as usize]
    }

    pub(crate) fn slot(&self, index: u64) -> Option<Slot> {
        self.slots.get(index.checked_sub(self.first)? as usize).copied()
    }

    /// Whether the entry is at this place.
    pub(crate) fn holds(&self, index: u64, place: Place) -> bool {
        self.slot(index) == Some(Slot::Stored(place))
    }

    /// The term of an entry that is there.
    fn term_at(&self, index: u64) -> u64 {
        let run = self.terms.partition_point(|(first, _)| *first <= index);
        self.terms[run - 1].1
    }

    /// The entry, if it is in memory.
    pub(crate) fn cached(&self, index: u64) -> Option<&Entry> {
        let (_, front) = self.tail.front()?;
        self.tail.get(index.checked_sub(front.index)? as usize).map(|(_, entry)| entry)
    }

    /// The entry or purged place that `index` does not follow, if it does not.
    pub(crate) fn refuses(&self, index: u64) -> Option<u64> {
        match (self.last_index(), self.purged) {
            (Some(last), _) => (index != last + 1).then_some(last),
            // A snapshot may have put the group beyond its log; the caller knows where that goes on.
            (None, Some(purged)) => (index <= purged).then_some(purged),
            (None, None) => None,
        }
    }

    /// Appends an entry that the group does not refuse. Returns what it costs in memory.
    pub(crate) fn append(&mut self, entry: &Entry) -> usize {
        debug_assert!(self.refuses(entry.index).is_none());
        self.push_slot(entry.index, entry.term, Slot::Pending { epoch: self.epoch });
        self.tail.push_back((self.epoch, entry.clone()));
        cost(entry)
    }

    /// Adds an entry that recovery found.
    pub(crate) fn restore(&mut self, index: u64, term: u64, place: Place, book: &mut Book) {
        self.push_slot(index, term, Slot::Stored(place));
        book.hold(place);
    }

    fn push_slot(&mut self, index: u64, term: u64, slot: Slot) {
        if self.slots.is_empty() {
            self.first = index;
            self.terms.clear();
        }
        if self.terms.back().is_none_or(|(_, last)| *last != term) {
            self.terms.push_back((index, term));
        }
        self.slots.push_back(slot);
    }

    /// Removes the entries from `first_removed` on. Returns the memory that this frees.
    pub(crate) fn truncate(&mut self, first_removed: u64, epoch: u32, book: &mut Book) -> usize {
        self.epoch = epoch;
        let kept = first_removed.saturating_sub(self.first).min(self.slots.len() as u64) as usize;
        self.slots.drain(kept..).for_each(|slot| release(slot, book));
        while self.terms.back().is_some_and(|(first, _)| *first >= first_removed) {
            self.terms.pop_back();
        }
        let mut freed = 0;
        while let Some((_, entry)) = self.tail.pop_back_if(|(_, entry)| entry.index >= first_removed) {
            freed += cost(&entry);
        }
        freed
    }

    /// Removes the entries up to and with `index`, and notes it. Returns the memory that this frees.
    pub(crate) fn purge(&mut self, index: u64, meta: Bytes, book: &mut Book) -> usize {
        self.purged = Some(index);
        self.notes[NoteKind::Purged as usize].value = Some(meta);
        let removed =
            index.saturating_add(1).saturating_sub(self.first).min(self.slots.len() as u64) as usize;
        self.slots.drain(..removed).for_each(|slot| release(slot, book));
        self.first += removed as u64;
        while self.terms.get(1).is_some_and(|(first, _)| *first <= self.first) {
            self.terms.pop_front();
        }
        let mut freed = 0;
        while let Some((_, entry)) = self.tail.pop_front_if(|(_, entry)| entry.index <= index) {
            freed += cost(&entry);
        }
        freed
    }

    /// Sets a note's value.
    pub(crate) fn set_note(&mut self, kind: NoteKind, value: Bytes) {
        self.notes[kind as usize].value = Some(value);
    }

    /// Sets how far the group was purged, as recovery found it.
    pub(crate) fn restore_purged(&mut self, index: u64) {
        self.purged = Some(index);
    }

    /// Learns where an entry was stored, if it is still wanted.
    pub(crate) fn stored(&mut self, index: u64, epoch: u32, place: Place, book: &mut Book) {
        self.replace_slot(index, Slot::Pending { epoch }, place, book);
    }

    /// Learns that an entry was written again elsewhere, if it is still wanted.
    pub(crate) fn moved(&mut self, index: u64, from: Place, to: Place, book: &mut Book) {
        self.replace_slot(index, Slot::Stored(from), to, book);
    }

    fn replace_slot(&mut self, index: u64, old: Slot, place: Place, book: &mut Book) {
        let Some(at) = index.checked_sub(self.first) else { return };
        if let Some(slot) = self.slots.get_mut(at as usize).filter(|slot| **slot == old) {
            book.hold(place);
            release(std::mem::replace(slot, Slot::Stored(place)), book);
        }
    }

    /// Learns where a note was stored. Records come in order, so the newest is the one that counts.
    pub(crate) fn note_stored(&mut self, kind: NoteKind, place: Place, book: &mut Book) {
        book.hold(place);
        if let Some(old) = self.notes[kind as usize].home.replace(place) {
            book.release(old);
        }
    }

    /// Lets go of cached entries up to and with `last` that were appended in this epoch. Returns the memory freed.
    pub(crate) fn evict(&mut self, epoch: u32, last: u64) -> usize {
        let mut freed = 0;
        while let Some((_, entry)) =
            self.tail.pop_front_if(|(from, entry)| *from == epoch && entry.index <= last)
        {
            freed += cost(&entry);
        }
        freed
    }

    /// The entries that are in segments up to and with `sequence`.
    pub(crate) fn stored_up_to(&self, sequence: u32) -> impl Iterator<Item = (u64, Place)> {
        self.slots.iter().enumerate().filter_map(move |(at, slot)| match slot {
            Slot::Stored(place) if place.segment.get() <= sequence => Some((self.first + at as u64, *place)),
            _ => None,
        })
    }

    /// Takes everything of the group out of the book. Returns the memory that this frees.
    pub(crate) fn release_all(self, book: &mut Book) -> usize {
        self.slots.into_iter().for_each(|slot| release(slot, book));
        self.notes.into_iter().filter_map(|note| note.home).for_each(|place| book.release(place));
        self.tail.iter().map(|(_, entry)| cost(entry)).sum()
    }
}

fn release(slot: Slot, book: &mut Book) {
    if let Slot::Stored(place) = slot {
        book.release(place);
    }
}

fn cost(entry: &Entry) -> usize {
    entry.payload.len() + ENTRY_OVERHEAD_BYTES
}
