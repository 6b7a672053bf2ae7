//! A drill of a real cluster, as short as it can be: five nodes, two gateways, three etcds, and two leaders that are killed.

use std::path::Path;

use chaos::binary;
use chaos::check::{Property, Verdict};
use chaos::cluster_drill::{Drill, Plan};
use chaos::report::Report;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_leaders_are_killed_keeps_its_promises() -> anyhow::Result<()> {
    if !chaos::has_program("etcd") {
        return Ok(());
    }
    let hub = match binary::newest_hub() {
        Ok(hub) => hub,
        Err(missing) => {
            chaos::refuse_in_ci(&missing.to_string());
            return Ok(());
        }
    };
    let (cluster, reports) = (TempDir::new()?, TempDir::new()?);
    let plan = Plan { faults: 2, ..Plan::new(&hub, cluster.path(), reports.path()) };
    let report = Drill::LeaderKill.run(&plan).await?;
    for judged in &report.properties {
        assert_eq!(judged.verdict, Verdict::Kept, "{judged:?}");
    }
    assert_eq!((report.verdict, report.counts.faults), (Verdict::Kept, 2));
    assert!(report.counts.acknowledged_writes > 100, "hardly anything was written: {:?}", report.counts);
    let examined = |property| {
        let judged = report.properties.iter().find(|judged| judged.property == property);
        judged.map_or(0, |judged| judged.findings.examined)
    };
    // Every shard's replicas are compared, beside the documents that clients hold.
    assert!(examined(Property::Converged) >= u64::from(plan.shards));
    assert!(examined(Property::OneLeader) > u64::from(plan.shards), "victims led something");
    assert_eq!(stored(reports.path())?, report);
    assert!(std::fs::read_to_string(reports.path().join("report.html"))?.contains("Every promise was kept"));
    assert!(reports.path().join("history.jsonl").exists());
    Ok(())
}

fn stored(reports: &Path) -> anyhow::Result<Report> {
    Ok(serde_json::from_slice(&std::fs::read(reports.join("report.json"))?)?)
}
