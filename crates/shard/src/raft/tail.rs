//! The newest entries of a group, decoded: what was just appended is read again at once to be applied and sent.
//!
//! Invariant: the entries are the last ones of the log, without holes. A range that starts inside is answered whole; for
//! any other, the log itself is asked.

use super::types::{Entry, Payload};
use openraft::EntryPayload;
use std::collections::VecDeque;
use std::ops::Range;

/// What an entry takes beside its commands, roughly.
const ENTRY_OVERHEAD: usize = 96;

pub(super) struct Tail {
    entries: VecDeque<Entry>,
    bytes: usize,
    limit_bytes: usize,
}

impl Tail {
    pub(super) fn new(limit_bytes: usize) -> Tail {
        Tail { entries: VecDeque::new(), bytes: 0, limit_bytes }
    }

    /// Adds entries that were appended to the log, and forgets the oldest ones beyond the limit.
    pub(super) fn push(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            debug_assert!(self.entries.back().is_none_or(|last| last.log_id.index + 1 == entry.log_id.index));
            self.bytes += weight(&entry);
            self.entries.push_back(entry);
        }
        while self.bytes > self.limit_bytes && self.entries.len() > 1 {
            self.pop_front();
        }
    }

    /// Forgets what comes after `last_kept`.
    pub(super) fn truncate_after(&mut self, last_kept: Option<u64>) {
        while let Some(entry) = self.entries.pop_back_if(|entry| Some(entry.log_id.index) > last_kept) {
            self.bytes -= weight(&entry);
        }
    }

    /// Forgets entries up to and with `index`.
    pub(super) fn purge_to(&mut self, index: u64) {
        while self.entries.front().is_some_and(|first| first.log_id.index <= index) {
            self.pop_front();
        }
    }

    /// The entries of a range, as many as fit into `max_bytes` but one at least; none if the range starts before the tail.
    pub(super) fn read(&self, range: &Range<u64>, max_bytes: usize) -> Option<Vec<Entry>> {
        let skip = range.start.checked_sub(self.entries.front()?.log_id.index)?;
        let mut bytes = 0;
        let found = self.entries.iter().skip(usize::try_from(skip).unwrap_or(usize::MAX));
        let wanted = found.take_while(|entry| {
            let first = bytes == 0;
            bytes += weight(entry);
            entry.log_id.index < range.end && (first || bytes <= max_bytes)
        });
        Some(wanted.cloned().collect())
    }

    fn pop_front(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= weight(&entry);
        }
    }
}

fn weight(entry: &Entry) -> usize {
    let body = match &entry.payload {
        EntryPayload::Normal(Payload::Commands(commands)) => commands.len(),
        EntryPayload::Normal(Payload::Audit) => 0,
        EntryPayload::Blank | EntryPayload::Membership(_) => 0,
    };
    ENTRY_OVERHEAD + body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::Position;
    use bytes::Bytes;

    fn entry(index: u64) -> Entry {
        let commands = Bytes::from(vec![0; 1000]);
        Entry {
            log_id: Position { term: 1, node: 1, index }.into(),
            payload: EntryPayload::Normal(Payload::Commands(commands)),
        }
    }

    fn tail(indexes: Range<u64>) -> Tail {
        let mut tail = Tail::new(10_000);
        tail.push(indexes.map(entry).collect());
        tail
    }

    #[track_caller]
    fn check(tail: &Tail, range: Range<u64>, max_bytes: usize, found: Option<Range<u64>>) {
        let read = tail.read(&range, max_bytes);
        let indexes = read.map(|entries| entries.iter().map(|entry| entry.log_id.index).collect::<Vec<_>>());
        assert_eq!(indexes, found.map(Iterator::collect));
    }

    #[test]
    fn answers_what_starts_inside() {
        let tail = tail(5..9);
        check(&tail, 5..9, usize::MAX, Some(5..9));
        check(&tail, 6..8, usize::MAX, Some(6..8));
        check(&tail, 8..100, usize::MAX, Some(8..9));
        check(&tail, 9..100, usize::MAX, Some(9..9));
        check(&tail, 4..9, usize::MAX, None);
        check(&Tail::new(1), 0..9, usize::MAX, None);
    }

    #[test]
    fn gives_at_least_one_entry_and_no_more_than_fit() {
        let tail = tail(5..9);
        check(&tail, 5..9, 1, Some(5..6));
        check(&tail, 5..9, 2 * (1000 + ENTRY_OVERHEAD), Some(5..7));
    }

    #[test]
    fn forgets_the_oldest_beyond_its_limit() {
        let tail = tail(0..100);
        check(&tail, 90..100, usize::MAX, None);
        check(&tail, 91..100, usize::MAX, Some(91..100));
        assert!(tail.bytes <= tail.limit_bytes);
    }

    #[test]
    fn follows_truncation_and_purge() {
        let mut tail = tail(0..8);
        tail.truncate_after(Some(5));
        check(&tail, 4..100, usize::MAX, Some(4..6));
        tail.push(vec![entry(6)]);
        tail.purge_to(3);
        check(&tail, 3..7, usize::MAX, None);
        check(&tail, 4..7, usize::MAX, Some(4..7));
        tail.truncate_after(None);
        check(&tail, 4..7, usize::MAX, None);
        assert_eq!(tail.bytes, 0);
    }
}
