//! Clients drive a hub of one process that is killed and started again, and the history of it is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use chaos::binary;
use chaos::check::{Bounds, Property, Verdict, check};
use chaos::drive::{Driver, Notes, Plan, Writers, tokens};
use chaos::history::{Condition, End, History, Kind, ShardId, read};
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
    let writers: BTreeSet<_> = history
        .operations
        .iter()
        .filter(|operation| operation.ok().is_some() && matches!(operation.kind, Kind::Edit { .. }))
        .map(|operation| operation.client)
        .collect();
    assert_eq!(writers.len(), 6 + 2 + 2, "over REST, the JSON socket and the sync protocol");
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

/// Clients over REST alone: nobody else holds a copy that could heal the hub.
fn rest_alone(plan: Plan) -> Plan {
    Plan { followers: 0, peers: 0, ..plan }
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_goes_on_from_an_older_disk_is_caught() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let Some(mut spec) = hub(folder.path()) else { return Ok(()) };
    let hub = start(&mut spec).await?;
    let notes = notes(folder.path(), 3)?;
    let driver = Driver::start(rest_alone(plan(&hub, 3)), notes.clone()).await?;
    sleep(Duration::from_secs(1)).await;
    hub.kill().await?;
    let older = folder.path().join("older");
    copy(&spec.data_dir, &older)?;
    let hub = start(&mut spec).await?;
    sleep(Duration::from_secs(4)).await;
    hub.kill().await?;
    spec.data_dir = older;
    let hub = start(&mut spec).await?;
    driver.stop().await?.finish().await?;
    let history = history(folder.path(), &notes)?;
    hub.stop().await?;
    let lost = check(&history, &Bounds::default())
        .into_iter()
        .find(|(property, _)| *property == Property::NothingLost)
        .map(|(_, findings)| findings.verdict());
    assert_eq!(lost, Some(Verdict::Broken));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_writer_each_keeps_to_its_place_and_its_pace_also_past_a_dead_gateway() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let Some(mut spec) = hub(folder.path()) else { return Ok(()) };
    let hub = start(&mut spec).await?;
    let notes = notes(folder.path(), 4)?;
    let calm = Plan { readers: 0, revision_readers: 0, marks: 10, documents: 3, ..plan(&hub, 4) };
    let mut plan = rest_alone(Plan { writers: Writers::OneEach, ..calm });
    // Clients begin at different gateways; at this one nobody listens.
    let nobody = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    plan.gateways.push(format!("http://{nobody}"));
    let driver = Driver::start(plan, notes.clone()).await?;
    sleep(Duration::from_secs(3)).await;
    driver.stop().await?.finish().await?;
    let history = history(folder.path(), &notes)?;
    hub.stop().await?;
    let mut clients: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    let mut edits: BTreeMap<_, u32> = BTreeMap::new();
    for operation in history.operations.iter().filter(|operation| matches!(operation.kind, Kind::Edit { .. }))
    {
        let document = operation.subject().cloned().unwrap_or_else(|| "nowhere".into());
        clients.entry(document).or_default().insert(operation.client);
        *edits.entry(operation.client).or_default() += 1;
    }
    assert!(clients.len() > 3, "documents with ten marks get successors");
    assert!(clients.values().all(|clients| clients.len() == 1), "{clients:?}");
    assert_eq!(edits.len(), 3);
    // 20 a second: fewer where the hub is slow, never more but for those at once in the beginning.
    assert!(edits.values().all(|edits| (5..=64).contains(edits)), "{edits:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shard_has_its_writer_because_the_hub_tells_where_documents_are() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let Some(mut spec) = hub(folder.path()) else { return Ok(()) };
    spec.flags.extend(["--shards", "3"].map(String::from));
    let hub = start(&mut spec).await?;
    let notes = notes(folder.path(), 5)?;
    let key = ["--data-dir".as_ref(), spec.data_dir.as_os_str()];
    let users = tokens::mint(&spec.binary, &key, 18).await?;
    let Plan { gateways, .. } = plan(&hub, 5);
    let shards: Vec<ShardId> = (0..3).map(ShardId).collect();
    let failover = Plan::failover(gateways, users, 5, shards.clone());
    let plan = Plan { revision_readers: 2, readers: 1, marks: 30, ..failover };
    let driver = Driver::start(plan, notes.clone()).await?;
    sleep(Duration::from_secs(3)).await;
    notes.node(NODE, Condition::Killed)?;
    hub.kill().await?;
    let hub = start(&mut spec).await?;
    notes.node(NODE, Condition::Alive)?;
    sleep(Duration::from_secs(3)).await;
    driver.stop().await?.finish().await?;
    let history = history(folder.path(), &notes)?;
    hub.stop().await?;
    let mut writers: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for operation in history.operations.iter().filter(|operation| operation.is_acknowledged_write()) {
        if let (Some(shard), Kind::Edit { .. }) = (operation.place(), &operation.kind) {
            writers.entry(shard).or_default().insert(operation.client);
        }
    }
    assert_eq!(writers.keys().copied().collect::<Vec<_>>(), shards);
    assert!(writers.values().all(|writers| writers.len() == 1), "{writers:?}");
    let asked = |kind: &Kind| matches!(kind, Kind::ReadAt { at_least: Some(_) });
    assert!(done(&history, asked) > 10, "reads name revisions");
    for (property, findings) in check(&history, &Bounds::default()) {
        let examined = !matches!(property, Property::OneLeader | Property::SocketsKept | Property::Converged);
        let wanted = if examined { Verdict::Kept } else { Verdict::NotExamined };
        assert_eq!(findings.verdict(), wanted, "{property:?}: {findings:?}");
    }
    let gaps = chaos::check::gaps::measure(&history);
    assert_eq!(gaps.all.len(), shards.len(), "the fault was noticed on every shard: {gaps:?}");
    Ok(())
}
