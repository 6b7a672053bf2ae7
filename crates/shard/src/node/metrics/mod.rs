//! Figures of a node, taken when somebody asks for them. What each one means is in docs/metrics.md.

mod shards;

pub(super) use shards::Written;

use super::NodeService;
use metrics::{counter, gauge};

impl NodeService {
    /// Writes the present figures into the metrics recorder. Called before each scrape.
    pub fn observe(&self) {
        self.inner.written.observe(&self.inner.held.all());
        self.observe_log();
        self.observe_documents();
    }

    fn observe_log(&self) {
        let stats = self.inner.wal.stats();
        gauge!("wal_disk_bytes").set(stats.disk_bytes as f64);
        gauge!("wal_live_bytes").set(stats.live_bytes as f64);
        gauge!("wal_segments").set(stats.segments as f64);
        gauge!("wal_queued_bytes").set(stats.queued_bytes as f64);
        gauge!("wal_disk_spare_bytes").set(stats.spare_bytes as f64);
        counter!("wal_records_total").absolute(stats.records);
        counter!("wal_written_bytes_total").absolute(stats.written_bytes);
        counter!("wal_fsync_total").absolute(stats.syncs);
        gauge!("wal_fsync_seconds_sum").set(stats.sync_total.as_secs_f64());
        for (name, quantile) in [("0.5", 0.5), ("0.99", 0.99), ("0.999", 0.999)] {
            let seconds = stats.sync_quantile(quantile).unwrap_or_default().as_secs_f64();
            gauge!("wal_fsync_seconds", "quantile" => name).set(seconds);
        }
    }

    fn observe_documents(&self) {
        let (bytes, count) = self.inner.engine.views.held();
        gauge!("documents_views").set(count as f64);
        gauge!("documents_views_bytes").set(bytes as f64);
        let (hits, misses) = self.inner.engine.views.looked_up();
        counter!("documents_views_hits_total").absolute(hits);
        counter!("documents_views_misses_total").absolute(misses);
        let (bytes, count) = self.inner.engine.open.held();
        gauge!("documents_open").set(count as f64);
        gauge!("documents_open_bytes").set(bytes as f64);
        gauge!("documents_quarantined").set(self.inner.engine.quarantine.len() as f64);
        let (bytes, count) = self.inner.engine.live.held();
        gauge!("sync_documents").set(count as f64);
        gauge!("sync_documents_bytes").set(bytes as f64);
        self.inner.engine.live.figures.observe();
        if let Ok(bytes) = self.inner.store.disk_bytes() {
            gauge!("store_disk_bytes").set(bytes as f64);
        }
    }
}
