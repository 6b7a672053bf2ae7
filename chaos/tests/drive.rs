//! Clients drive a hub of one process that is killed and started again, and the history of it is judged.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::time::Duration;

use chaos::binary;
use chaos::check::{Bounds, Property, Verdict, check};
use chaos::drive::{Driver, Notes, Plan};
use chaos::history::{Condition, End, History, Kind, read};
use chaos::hub::{Hub, HubSpec};
use tempfile::TempDir;
use tokio::time::sleep;

/// The name of the only node.
const NODE: &str = "hub";

/// A hub that was built; nothing where none was and CI does not insist.
fn hub(folder: &Path) -> Option<HubSpec> {
    match binary::newest_hub() {
        Ok(hub) => Some(HubSpec::new(&hub, &folder.join("data"), &folder.join("hub.log"))),
        Err(missing) => {
            chaos::refuse_in_ci(&missing.to_string());
            None
        }
    }
}

/// Starts it where clients will find it again.
async fn start(spec: &mut HubSpec) -> anyhow::Result<Hub> {
    let hub = spec.start().await?;
    let port = hub.address.authority.rsplit(':').next().unwrap_or_default();
    spec.port = port.parse()?;
    Ok(hub)
}

fn plan(hub: &Hub, seed: u64) -> Plan {
    let url = format!("http://{}", hub.address.authority);
    Plan::new(vec![url], vec![hub.address.token.as_str().into()], seed)
}

fn notes(folder: &Path, seed: u64) -> anyhow::Result<Notes> {
    let file = File::create(folder.join("history.jsonl"))?;
    Ok(Notes::new(Box::new(BufWriter::new(file)), "kill-and-restart", seed)?)
}

fn history(folder: &Path, notes: &Notes) -> anyhow::Result<History> {
    drop(notes.finish()?);
    Ok(read(BufReader::new(File::open(folder.join("history.jsonl"))?))?)
}

/// How many operations of a kind were done.
fn done(history: &History, which: impl Fn(&Kind) -> bool) -> usize {
    history.operations.iter().filter(|operation| operation.ok().is_some() && which(&operation.kind)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_killed_keeps_its_promises_to_every_kind_of_client() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let Some(mut spec) = hub(folder.path()) else { return Ok(()) };
    let hub = start(&mut spec).await?;
    let notes = notes(folder.path(), 1)?;
    notes.node(NODE, Condition::Alive)?;
    let driver = Driver::start(Plan { marks: 80, ..plan(&hub, 1) }, notes.clone()).await?;

    sleep(Duration::from_secs(8)).await;
    notes.node(NODE, Condition::Killed)?;
    hub.kill().await?;
    sleep(Duration::from_secs(1)).await;
    let hub = start(&mut spec).await?;
    notes.node(NODE, Condition::Alive)?;
    sleep(Duration::from_secs(10)).await;
    driver.stop().await?.finish().await?;
    let history = history(folder.path(), &notes)?;
    hub.stop().await?;

    let creations = done(&history, |kind| matches!(kind, Kind::Create { .. }));
    assert!(creations > 4, "documents got successors: {creations}");
    for (what, count) in [
        ("edits", done(&history, |kind| matches!(kind, Kind::Edit { .. }))),
        ("swaps", done(&history, |kind| matches!(kind, Kind::Swap { .. }))),
        ("reads", done(&history, |kind| *kind == Kind::Read)),
        ("reads at a revision", done(&history, |kind| matches!(kind, Kind::ReadAt { .. }))),
    ] {
        assert!(count > 10, "{count} {what}");
    }
    let refused = history.operations.iter().filter_map(|operation| match &operation.end {
        End::Failed { reason, .. } if !reason.starts_with("412 ") => Some(reason),
        _ => None,
    });
    assert_eq!(refused.collect::<Vec<_>>(), Vec::<&String>::new(), "only conditions are refused");
    for (property, findings) in check(&history, &Bounds::default()) {
        let wanted = match property {
            Property::SocketsKept => Verdict::Broken,
            Property::OneLeader => Verdict::NotExamined,
            _ => Verdict::Kept,
        };
        assert_eq!(findings.verdict(), wanted, "{property:?}: {findings:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn undisturbed_clients_meet_nothing_but_answers() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let Some(mut spec) = hub(folder.path()) else { return Ok(()) };
    let hub = start(&mut spec).await?;
    let notes = notes(folder.path(), 2)?;
    let driver = Driver::start(plan(&hub, 2), notes.clone()).await?;
    sleep(Duration::from_secs(3)).await;
    driver.stop().await?.finish().await?;
    let history = history(folder.path(), &notes)?;
    hub.stop().await?;
    let unknown = history.operations.iter().filter(|operation| matches!(operation.end, End::Unknown { .. }));
    assert_eq!(unknown.count(), 0);
    for (property, findings) in check(&history, &Bounds::default()) {
        let wanted = if property == Property::OneLeader { Verdict::NotExamined } else { Verdict::Kept };
        assert_eq!(findings.verdict(), wanted, "{property:?}: {findings:?}");
    }
    Ok(())
}
