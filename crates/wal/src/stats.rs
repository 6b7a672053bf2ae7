//! What the log counts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the sync latency buckets, in microseconds; one more bucket holds what is slower.
pub const SYNC_BUCKETS_MICROS: [u64; 18] = [
    50, 100, 150, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 25_000, 50_000, 100_000,
    500_000, 1_000_000,
];

/// The log's figures at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes of all segments, prepared ones included.
    pub disk_bytes: u64,
    /// Segments with entries.
    pub segments: usize,
    /// Empty segments that are ready.
    pub prepared_segments: usize,
    /// Bytes that are still needed.
    pub live_bytes: u64,
    /// Submissions that wait for the writer.
    pub queued: usize,
    /// Bytes that wait for the writer or are being written.
    pub queued_bytes: usize,
    /// Bytes of entries in memory.
    pub cached_bytes: usize,
    /// Syncs of commits since the log was opened.
    pub syncs: u64,
    /// Records written since the log was opened.
    pub records: u64,
    /// Bytes written since the log was opened, padding included.
    pub written_bytes: u64,
    /// What all those syncs took.
    pub sync_total: Duration,
    /// How many syncs took at most as long as each of [`SYNC_BUCKETS_MICROS`] and longer than the bound before; the last
    /// one counts what is slower.
    pub sync_buckets: [u64; SYNC_BUCKETS_MICROS.len() + 1],
    /// How often in a row old segments could not be moved or removed; zero when it last went well.
    pub collect_failures: u64,
    /// Bytes that can still be written on the disk.
    pub spare_bytes: u64,
}

impl Stats {
    /// The bound below which the given part of all syncs were; none before the first sync. The last bucket has no bound,
    /// and gives the one before.
    pub fn sync_quantile(&self, quantile: f64) -> Option<Duration> {
        let wanted = (quantile * self.syncs as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        let bucket = self.sync_buckets.iter().position(|count| {
            seen += count;
            seen >= wanted
        })?;
        Some(Duration::from_micros(SYNC_BUCKETS_MICROS[bucket.min(SYNC_BUCKETS_MICROS.len() - 1)]))
    }
}

/// Counters that the writer moves.
#[derive(Default)]
pub(crate) struct Meters {
    pub(crate) records: AtomicU64,
    pub(crate) written_bytes: AtomicU64,
    sync_nanos: AtomicU64,
    buckets: [AtomicU64; SYNC_BUCKETS_MICROS.len() + 1],
}

impl Meters {
    pub(crate) fn synced(&self, took: Duration) {
        let micros = took.as_micros() as u64;
        let bucket = SYNC_BUCKETS_MICROS.partition_point(|bound| *bound < micros);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sync_nanos.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Writes the counters into `stats`.
    pub(crate) fn read_into(&self, stats: &mut Stats) {
        for (count, bucket) in stats.sync_buckets.iter_mut().zip(&self.buckets) {
            *count = bucket.load(Ordering::Relaxed);
        }
        stats.syncs = stats.sync_buckets.iter().sum();
        stats.records = self.records.load(Ordering::Relaxed);
        stats.written_bytes = self.written_bytes.load(Ordering::Relaxed);
        stats.sync_total = Duration::from_nanos(self.sync_nanos.load(Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_bound_of_its_bucket() {
        let meters = Meters::default();
        for micros in [40, 90, 120, 2_000_000] {
            meters.synced(Duration::from_micros(micros));
        }
        let mut stats = Stats::default();
        assert_eq!(stats.sync_quantile(0.5), None);
        meters.read_into(&mut stats);
        assert_eq!(stats.sync_quantile(0.0), Some(Duration::from_micros(50)));
        assert_eq!(stats.sync_quantile(0.5), Some(Duration::from_micros(100)));
        assert_eq!(stats.sync_quantile(1.0), Some(Duration::from_secs(1)));
    }
}
