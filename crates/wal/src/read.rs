//! Reading entries back: from memory where they are, else from disk with their checksums checked.
//!
//! The places are looked up under the lock, the files are read without it. A job shares its segment, so that a segment
//! that is collected meanwhile stays readable.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::book::Book;
use crate::entry::{Entry, GroupId};
use crate::error::{Damage, ReadError};
use crate::format::record::{self, Kind, Record};
use crate::group::{Group, Place, Slot};
use crate::segment::Segment;

/// Neighbouring entries are read together up to this many bytes.
const READ_BYTES: u64 = 1 << 20;

/// An entry to be read from disk.
pub(crate) struct Job {
    index: u64,
    place: Place,
    segment: Arc<Segment>,
}

/// What to return for a range: entries from disk, then the newest ones from memory.
pub(crate) struct Plan {
    pub(crate) jobs: Vec<Job>,
    pub(crate) cached: Vec<Entry>,
}

impl Job {
    pub(crate) fn new(index: u64, place: Place, book: &Book) -> Self {
        Self { index, place, segment: book.segment(place) }
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Whether this one starts where `other` ends.
    fn follows(&self, other: &Self) -> bool {
        self.place.segment == other.place.segment && u64::from(self.place.offset) == other.place.end()
    }

    fn damage(&self, what: impl Into<String>) -> ReadError {
        Damage { file: self.segment.path.clone(), offset: self.place.offset.into(), what: what.into() }.into()
    }
}

/// Decides which entries of a range to return and where each comes from: as many as `max_bytes` of payload hold, and one
/// at least.
pub(crate) fn plan(group: &Group, book: &Book, range: Range<u64>, max_bytes: usize) -> Plan {
    let mut plan = Plan { jobs: Vec::new(), cached: Vec::new() };
    let Some(last) = group.last_index() else { return plan };
    let mut bytes = 0;
    for index in range.start.max(group.first_index())..range.end.min(last.saturating_add(1)) {
        let cached = group.cached(index);
        let slot = group.slot(index).expect("the range is within the group");
        bytes += match (cached, slot) {
            (Some(entry), _) => entry.payload.len(),
            (None, Slot::Stored(place)) => place.payload_bytes as usize,
            (None, Slot::Pending { .. }) => unreachable!("what is not on disk is in memory"),
        };
        if bytes > max_bytes && !(plan.jobs.is_empty() && plan.cached.is_empty()) {
            break;
        }
        match (cached, slot) {
            (Some(entry), _) => plan.cached.push(entry.clone()),
            (None, Slot::Stored(place)) => plan.jobs.push(Job::new(index, place, book)),
            (None, Slot::Pending { .. }) => unreachable!("what is not on disk is in memory"),
        }
    }
    plan
}

/// Reads entries from disk, neighbours together.
pub(crate) fn run(group: GroupId, jobs: &[Job]) -> Result<Vec<Entry>, ReadError> {
    let mut entries = Vec::with_capacity(jobs.len());
    let mut rest = jobs;
    while let Some(first) = rest.first() {
        let limit = u64::from(first.place.offset) + READ_BYTES;
        let joined =
            rest.windows(2).take_while(|pair| pair[1].follows(&pair[0]) && pair[1].place.end() <= limit);
        let (together, later) = rest.split_at(1 + joined.count());
        read_together(group, together, &mut entries)?;
        rest = later;
    }
    Ok(entries)
}

/// Reads entries that stand one behind the other in a segment.
fn read_together(group: GroupId, jobs: &[Job], entries: &mut Vec<Entry>) -> Result<(), ReadError> {
    let [first, ..] = jobs else { return Ok(()) };
    let start = u64::from(first.place.offset);
    let length: u64 = jobs.iter().map(|job| job.place.bytes()).sum();
    let mut buffer = vec![0; length as usize];
    first.segment.file.read_at(&mut buffer, start).map_err(|source| ReadError::Io {
        file: first.segment.path.clone(),
        offset: start,
        source,
    })?;
    let buffer = Bytes::from(buffer);
    for job in jobs {
        entries.push(decode(group, job, &buffer, (u64::from(job.place.offset) - start) as usize)?);
    }
    Ok(())
}

fn decode(group: GroupId, job: &Job, buffer: &Bytes, at: usize) -> Result<Entry, ReadError> {
    let bytes = buffer.slice(at..at + job.place.bytes() as usize);
    let record = Record::decode(job.segment.seed, &bytes).map_err(|error| job.damage(error.to_string()))?;
    let is_entry = matches!(record.kind, Kind::Entry | Kind::Moved);
    if !is_entry || record.group != group || record.index != job.index || record.bytes() != bytes.len() {
        return Err(job.damage(format!("this is not entry {} of group {group}", job.index)));
    }
    Ok(Entry { index: record.index, term: record.term, payload: bytes.slice(record::HEADER_BYTES..) })
}
