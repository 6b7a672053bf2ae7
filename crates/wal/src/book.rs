//! The segments in use, and how much of each is still needed.
//!
//! Segments are only ever removed from the old end. That keeps the record of a truncation, a purge or a drop on disk for
//! as long as anything that it made void.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::group::Place;
use crate::segment::Segment;

/// A segment with what is needed of it.
pub(crate) struct Usage {
    pub(crate) segment: Arc<Segment>,
    pub(crate) live_records: u64,
    pub(crate) live_bytes: u64,
}

/// All segments that hold frames. The last one is being written.
#[derive(Default)]
pub(crate) struct Book {
    segments: BTreeMap<u32, Usage>,
}

impl Book {
    /// Takes in a segment, which must be the newest.
    pub(crate) fn add(&mut self, segment: Arc<Segment>) {
        let sequence = segment.sequence();
        debug_assert!(self.segments.last_key_value().is_none_or(|(last, _)| *last < sequence));
        self.segments.insert(sequence, Usage { segment, live_records: 0, live_bytes: 0 });
    }

    pub(crate) fn hold(&mut self, place: Place) {
        let usage = self.usage(place);
        usage.live_records += 1;
        usage.live_bytes += place.bytes();
    }

    pub(crate) fn release(&mut self, place: Place) {
        let usage = self.usage(place);
        usage.live_records -= 1;
        usage.live_bytes -= place.bytes();
    }

    fn usage(&mut self, place: Place) -> &mut Usage {
        self.segments.get_mut(&place.segment.get()).expect("a segment stays while a record in it is needed")
    }

    pub(crate) fn segment(&self, place: Place) -> Arc<Segment> {
        self.segments[&place.segment.get()].segment.clone()
    }

    /// The segments that are no longer written, oldest first.
    pub(crate) fn sealed(&self) -> impl Iterator<Item = &Usage> {
        self.segments.values().take(self.segments.len().saturating_sub(1))
    }

    /// The oldest segment, if nothing in it is needed and it is not being written.
    pub(crate) fn unneeded(&self) -> Option<Arc<Segment>> {
        self.sealed().next().filter(|usage| usage.live_records == 0).map(|usage| usage.segment.clone())
    }

    /// The last of the oldest segments in which nothing is needed.
    pub(crate) fn newest_unneeded(&self) -> Option<u32> {
        let unneeded = self.sealed().take_while(|usage| usage.live_records == 0);
        unneeded.last().map(|usage| usage.segment.sequence())
    }

    /// Forgets the oldest segment if nothing in it is needed.
    pub(crate) fn remove_unneeded(&mut self) {
        if let Some(segment) = self.unneeded() {
            self.segments.remove(&segment.sequence());
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.segments.len()
    }

    pub(crate) fn disk_bytes(&self) -> u64 {
        self.segments.values().map(|usage| usage.segment.header.capacity).sum()
    }

    pub(crate) fn live_bytes(&self) -> u64 {
        self.segments.values().map(|usage| usage.live_bytes).sum()
    }
}
