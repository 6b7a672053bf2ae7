//! What can be submitted, and the records that each operation becomes.

use bytes::Bytes;

use crate::entry::{Entry, GroupId};
use crate::format::record::{self, Kind, Record};
use crate::group::{NoteKind, Place};

/// What a submission costs in the queue beside its payloads, nearly.
const OVERHEAD_BYTES: usize = 96;

/// Something to be written. The stamps tell, once it is written, whether the group still wants to know.
pub(crate) enum Op {
    /// New entries of a group.
    Entries { group: GroupId, epoch: u32, entries: Vec<Entry> },
    /// Entries that are on disk already, with the places that they leave.
    Moves { group: GroupId, moves: Vec<(Entry, Place)> },
    /// A note's new value.
    Note { group: GroupId, birth: u32, kind: NoteKind, index: u64, value: Bytes },
    /// Void entries.
    Truncate { group: GroupId, first_removed: u64 },
    /// A void group.
    Drop { group: GroupId },
    /// Nothing: its callback says that everything before it is on disk.
    Barrier,
}

impl Op {
    /// How many records it is.
    pub(crate) fn records(&self) -> usize {
        match self {
            Self::Entries { entries, .. } => entries.len(),
            Self::Moves { moves, .. } => moves.len(),
            Self::Note { .. } | Self::Truncate { .. } | Self::Drop { .. } => 1,
            Self::Barrier => 0,
        }
    }

    /// The record at a position below `records()`.
    pub(crate) fn record(&self, at: usize) -> Record<'_> {
        let bare =
            |kind, group: &GroupId, index| Record { kind, group: *group, index, term: 0, payload: &[] };
        match self {
            Self::Entries { group, entries, .. } => of_entry(Kind::Entry, *group, &entries[at]),
            Self::Moves { group, moves } => of_entry(Kind::Moved, *group, &moves[at].0),
            Self::Note { group, kind, index, value, .. } => {
                Record { payload: value, ..bare(kind.record_kind(), group, *index) }
            }
            Self::Truncate { group, first_removed } => bare(Kind::Truncate, group, *first_removed),
            Self::Drop { group } => bare(Kind::Drop, group, 0),
            Self::Barrier => unreachable!("a barrier has no records"),
        }
    }

    /// What it costs to hold it.
    pub(crate) fn bytes(&self) -> usize {
        let payload: usize = match self {
            Self::Entries { entries, .. } => entries.iter().map(entry_bytes).sum(),
            Self::Moves { moves, .. } => moves.iter().map(|(entry, _)| entry_bytes(entry)).sum(),
            Self::Note { value, .. } => value.len(),
            Self::Truncate { .. } | Self::Drop { .. } | Self::Barrier => 0,
        };
        OVERHEAD_BYTES + payload
    }
}

fn of_entry(kind: Kind, group: GroupId, entry: &Entry) -> Record<'_> {
    Record { kind, group, index: entry.index, term: entry.term, payload: &entry.payload }
}

fn entry_bytes(entry: &Entry) -> usize {
    record::HEADER_BYTES + entry.payload.len()
}
