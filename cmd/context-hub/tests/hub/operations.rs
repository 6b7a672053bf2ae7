//! What operators look at: probes, figures, and the log through the program's own eye.

use crate::support::{TestHub, context_hub};
use serde_json::json;
use std::collections::BTreeMap;

/// The figures of a scrape, summed over labels.
async fn figures(hub: &TestHub) -> BTreeMap<String, f64> {
    let scraped = hub.anyone().get("/metrics").send().await;
    assert_eq!(scraped.status, 200);
    let mut figures = BTreeMap::new();
    for line in scraped.text().lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let name = series.split('{').next().unwrap().to_owned();
        *figures.entry(name).or_default() += value.parse::<f64>().unwrap();
    }
    figures
}

/// The first scrape in which something holds; the node's own figures are taken now and then.
async fn figures_once(
    hub: &TestHub,
    holds: impl Fn(&BTreeMap<String, f64>) -> bool,
) -> BTreeMap<String, f64> {
    loop {
        let figures = figures(hub).await;
        if holds(&figures) {
            return figures;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn probes_say_that_it_lives_and_serves() {
    let hub = TestHub::start().await;
    let anyone = hub.anyone();
    assert_eq!(anyone.get("/livez").send().await.text(), "ok\n");
    assert_eq!(anyone.get("/readyz").send().await.json(200), json!({"ready": true, "shards": 4}));
    assert!(anyone.get("/").send().await.text().contains("/documents"));
}

#[tokio::test]
async fn figures_tell_what_goes_on() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("x").await;
    for version in 1..=5_u64 {
        ada.replace(&path, version, json!(format!("{version}"))).await;
        ada.read(&path).await;
    }
    let figures = figures_once(&hub, |figures| figures.get("documents_open") == Some(&1.0)).await;
    let more_than_nothing = [
        // The log: how large, how fast, how far behind.
        "wal_disk_bytes",
        "wal_live_bytes",
        "wal_segments",
        "wal_records_total",
        "wal_written_bytes_total",
        "wal_disk_spare_bytes",
        "wal_fsync_total",
        "wal_fsync_seconds",
        "wal_fsync_seconds_sum",
        "shard_log_last_index",
        "shard_log_applied_index",
        // The stages of requests and writes.
        "http_requests_total",
        "http_request_duration_seconds_bucket",
        "stage_duration_seconds_bucket",
        "stage_duration_seconds_count",
        // The caches.
        "documents_views",
        "documents_views_bytes",
        "documents_views_hits_total",
        "documents_open",
        "documents_open_bytes",
        // The shards.
        "shard_serving",
        "shard_raft_term",
        "store_disk_bytes",
        "http_connections_open",
    ];
    for name in more_than_nothing {
        assert!(figures.get(name).is_some_and(|figure| *figure > 0.0), "{name} in {figures:?}");
    }
    let maybe_nothing = [
        "shard_log_lag_entries",
        "shard_log_purged_index",
        "shard_store_bytes",
        "wal_queued_bytes",
        "http_requests_in_flight",
        "documents_views_misses_total",
    ];
    for name in maybe_nothing {
        assert!(figures.contains_key(name), "{name} in {figures:?}");
    }
    assert_eq!(figures["shard_serving"], 4.0);
    let scraped = hub.anyone().get("/metrics").send().await;
    assert!(!scraped.text().contains(&path) && !scraped.text().contains("ada"), "labels name no one");
}

#[tokio::test]
async fn the_log_of_a_hub_verifies_and_names_damage() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    ada.text("x").await;
    let stopped = hub.stop().await;
    assert!(stopped.status.success());
    let data = stopped.data_dir();
    let folder = data.to_str().unwrap();
    let sound = context_hub(data, &["wal", "verify", folder], &[]).await;
    assert!(sound.success, "{sound:?}");
    let dumped = context_hub(data, &["wal", "dump", folder], &[]).await;
    assert!(dumped.success && dumped.out.lines().count() > 4, "{dumped:?}");
    assert!(!dumped.out.contains("notes"), "what is in the log is sealed, or not shown");
}
