//! From records to groups: what the log means, one record after the other.
//!
//! A log may start in the middle of a group's life, because its old segments are gone. What was still needed of those was
//! moved forward first, so entries may come after later ones; holes are judged at the end only.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::num::NonZeroU32;

use bytes::Bytes;

use crate::book::Book;
use crate::entry::GroupId;
use crate::format::record::{Kind, Record};
use crate::group::{Group, NoteKind, Place};

/// All groups, as far as the log was read.
#[derive(Default)]
pub(crate) struct Replay {
    groups: BTreeMap<GroupId, Past>,
    pub(crate) records: u64,
}

/// One group, as far as the log was read.
#[derive(Default)]
struct Past {
    entries: BTreeMap<u64, (u64, Place)>,
    notes: [Option<(Bytes, Place)>; 3],
    purged: Option<u64>,
    damage: Option<String>,
}

impl Replay {
    /// Takes in the record that starts at `offset` of a segment.
    pub(crate) fn apply(&mut self, segment: NonZeroU32, offset: u64, record: &Record<'_>) {
        self.records += 1;
        let place = Place {
            segment,
            offset: u32::try_from(offset).expect("segments are below 4 GiB"),
            payload_bytes: u32::try_from(record.payload.len()).expect("segments are below 4 GiB"),
        };
        let group = record.group;
        match record.kind {
            Kind::Link => {}
            Kind::Drop => drop(self.groups.remove(&group)),
            Kind::Entry => self.past(group).append(record, place),
            Kind::Moved => self.past(group).insert(record, place),
            Kind::Truncate => drop(self.past(group).entries.split_off(&record.index)),
            Kind::Purge => self.past(group).purge(record, place),
            Kind::Vote => self.past(group).note(NoteKind::Vote, record, place),
            Kind::Committed => self.past(group).note(NoteKind::Committed, record, place),
        }
    }

    fn past(&mut self, group: GroupId) -> &mut Past {
        self.groups.entry(group).or_default()
    }

    /// The groups that are incomplete, and why.
    pub(crate) fn damaged_groups(&self) -> Vec<(GroupId, String)> {
        self.groups.iter().filter_map(|(id, past)| Some((*id, past.fault()?))).collect()
    }

    /// The groups as they stand, with everything that is needed counted in the book. Stamps are their numbers in order.
    pub(crate) fn finish(self, book: &mut Book) -> HashMap<GroupId, Group> {
        (1..).zip(self.groups).map(|(stamp, (id, past))| (id, past.finish(stamp, book))).collect()
    }
}

impl Past {
    fn append(&mut self, record: &Record<'_>, place: Place) {
        if self.entries.last_key_value().is_some_and(|(last, _)| *last >= record.index) {
            self.damage.get_or_insert_with(|| {
                format!("entry {} was written over without a truncation", record.index)
            });
        }
        self.insert(record, place);
    }

    fn insert(&mut self, record: &Record<'_>, place: Place) {
        self.entries.insert(record.index, (record.term, place));
    }

    fn purge(&mut self, record: &Record<'_>, place: Place) {
        self.entries = match record.index.checked_add(1) {
            Some(first_kept) => self.entries.split_off(&first_kept),
            None => BTreeMap::new(),
        };
        self.purged = Some(record.index);
        self.note(NoteKind::Purged, record, place);
    }

    fn note(&mut self, kind: NoteKind, record: &Record<'_>, place: Place) {
        self.notes[kind as usize] = Some((Bytes::copy_from_slice(record.payload), place));
    }

    fn fault(&self) -> Option<String> {
        self.damage.clone().or_else(|| hole_in(&self.entries))
    }

    fn finish(self, stamp: u32, book: &mut Book) -> Group {
        let mut group = Group::new(stamp);
        group.damage = self.fault();
        if group.damage.is_none() {
            for (index, (term, place)) in self.entries {
                group.restore(index, term, place, book);
            }
        }
        if let Some(index) = self.purged {
            group.restore_purged(index);
        }
        for (kind, note) in NoteKind::ALL.into_iter().zip(self.notes) {
            if let Some((value, place)) = note {
                group.set_note(kind, value);
                group.note_stored(kind, place, book);
            }
        }
        group
    }
}

/// The first hole between entries, in words.
fn hole_in(entries: &BTreeMap<u64, (u64, Place)>) -> Option<String> {
    let mut pairs = entries.keys().zip(entries.keys().skip(1));
    let (before, after) = pairs.find(|(before, after)| before.checked_add(1) != Some(**after))?;
    Some(format!("the entries between {before} and {after} are missing"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::disk::SimDisk;
    use crate::segment::Segment;

    const GROUP: GroupId = GroupId(1);

    fn book() -> Book {
        let disk = SimDisk::new();
        let mut book = Book::default();
        book.add(Arc::new(Segment::make(&disk, Segment::new_header([0; 16], 1, 16384)).unwrap()));
        book
    }

    /// Replays `(kind, index)` and returns first and last index, or why the group is damaged.
    fn check(records: &[(Kind, u64)], expect: Result<Option<(u64, u64)>, &str>) {
        let mut replay = Replay::default();
        for (at, (kind, index)) in records.iter().enumerate() {
            let record = Record { kind: *kind, group: GROUP, index: *index, term: 1, payload: b"" };
            replay.apply(NonZeroU32::MIN, 4096 + at as u64 * 32, &record);
        }
        let groups = replay.finish(&mut book());
        let group = &groups[&GROUP];
        let found = match &group.damage {
            Some(damage) => Err(damage.as_str()),
            None => Ok(group.last_index().map(|last| (group.first_index(), last))),
        };
        assert_eq!(found, expect);
    }

    use Kind::*;

    #[test]
    fn entries_follow_each_other() {
        check(&[(Entry, 1), (Entry, 2), (Entry, 3)], Ok(Some((1, 3))));
    }

    #[test]
    fn a_truncation_makes_room() {
        check(&[(Entry, 1), (Entry, 2), (Truncate, 2), (Entry, 2), (Entry, 3)], Ok(Some((1, 3))));
    }

    #[test]
    fn moved_entries_may_come_late() {
        check(&[(Entry, 4), (Moved, 2), (Entry, 5), (Moved, 3)], Ok(Some((2, 5))));
    }

    #[test]
    fn a_purge_may_pass_the_end() {
        check(&[(Entry, 1), (Purge, 9), (Entry, 10)], Ok(Some((10, 10))));
        check(&[(Entry, 1), (Purge, u64::MAX)], Ok(None));
    }

    #[test]
    fn a_hole_is_damage() {
        check(&[(Entry, 1), (Entry, 3)], Err("the entries between 1 and 3 are missing"));
    }

    #[test]
    fn an_entry_over_another_is_damage() {
        check(&[(Entry, 1), (Entry, 1)], Err("entry 1 was written over without a truncation"));
    }
}
