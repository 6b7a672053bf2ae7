//! The segments in use, and how much of each is still needed.
//!
//! Segments are only ever removed from the old end. That keeps the record of a truncation, a purge or a drop on disk for
//! as long as anything that it made void.
//!
//! Invariant: the segments' sequences have no holes.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::group::Place;
use crate::segment::Segment;

/// A segment with what is needed of it.
pub(crate) struct Usage {
    pub(crate) segment: Arc<Segment>,
    pub(crate) live_records: u64,
    pub(crate) live_bytes: u64,
}

/// All segments that hold frames. The last one is being filled.
#[derive(Default)]
pub(crate) struct Book {
    segments: VecDeque<Usage>,
}

impl Book {
    /// Takes in a segment, which must be the next.
    pub(crate) fn add(&mut self, segment: Arc<Segment>) {
        let last = self.segments.back().map(|last| last.segment.sequence());
        assert!(
            last.is_none_or(|last| last + 1 == segment.sequence()),
            "segments are numbered without holes"
        );
        self.segments.push_back(Usage { segment, live_records: 0, live_bytes: 0 });
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
        let at = self.position(place);
        &mut self.segments[at]
    }

    /// Where the place's segment stands: it is there for as long as a record in it is needed.
    fn position(&self, place: Place) -> usize {
        let first = self.segments.front().expect("a log has a segment").segment.sequence();
        (place.segment.get() - first) as usize
    }

    pub(crate) fn segment(&self, place: Place) -> Arc<Segment> {
        self.segments[self.position(place)].segment.clone()
    }

    /// The segments that are no longer filled, oldest first.
    pub(crate) fn sealed(&self) -> impl Iterator<Item = &Usage> {
        self.segments.iter().take(self.segments.len().saturating_sub(1))
    }

    /// Whether the oldest segment can go.
    pub(crate) fn has_unneeded(&self) -> bool {
        self.sealed().next().is_some_and(|usage| usage.live_records == 0)
    }

    /// The oldest segment, if nothing in it is needed and it is not being filled.
    pub(crate) fn unneeded(&self) -> Option<Arc<Segment>> {
        self.segments.front().filter(|_| self.has_unneeded()).map(|usage| usage.segment.clone())
    }

    /// The last of the oldest segments in which nothing is needed.
    pub(crate) fn newest_unneeded(&self) -> Option<u32> {
        let unneeded = self.sealed().take_while(|usage| usage.live_records == 0);
        unneeded.last().map(|usage| usage.segment.sequence())
    }

    /// Forgets the oldest segment if nothing in it is needed.
    pub(crate) fn remove_unneeded(&mut self) {
        if self.has_unneeded() {
            self.segments.pop_front();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.segments.len()
    }

    pub(crate) fn disk_bytes(&self) -> u64 {
        self.segments.iter().map(|usage| usage.segment.header.capacity).sum()
    }

    pub(crate) fn live_bytes(&self) -> u64 {
        self.segments.iter().map(|usage| usage.live_bytes).sum()
    }
}
