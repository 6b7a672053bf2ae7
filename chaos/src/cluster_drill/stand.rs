//! A cluster with clients at work, from its start to its report.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::time::sleep;

use super::ask::{self, Asked};
use super::disks::Disks;
use super::whole::{self, NotWhole};
use super::{Drill, Plan, logs};
use crate::check::{Findings, Property, Verdict};
use crate::cluster::{Cluster, Say, Spec};
use crate::drive::{self, Driver, Notes, Watch, tokens};
use crate::history::{Condition, ShardId, read};
use crate::report::Report;

/// About as many users have documents on every shard, with a good chance.
const USERS_PER_SHARD: usize = 8;
/// How long a cluster has to be whole again after a repair.
const WHOLE_WITHIN: Duration = Duration::from_secs(120);
/// How often it is looked whether it is.
const LOOK: Duration = Duration::from_millis(100);
/// How long replicas have to agree when nobody writes any more.
const AGREE_WITHIN: Duration = Duration::from_secs(60);
/// From one operation of a client to its next one, where nothing is measured.
const MIXED_PACE: Duration = Duration::from_millis(50);
/// What the disks of a drill have room for: they are in memory.
const SEGMENT_MB: u32 = 4;

/// A cluster, clients that work on it, and a history of both.
///
/// The order of the fields is that of the end: clients, then processes, then the disks under them.
pub struct Stand {
    driver: Driver,
    watches: Vec<Watch>,
    /// The processes.
    pub cluster: Cluster,
    /// Disks that can lose their power, in the drill that needs them.
    pub disks: Disks,
    /// How many faults are to be made.
    pub faults: usize,
    /// Chooses them.
    pub seed: u64,
    nodes: Vec<Asked>,
    notes: Notes,
    drill: Drill,
    plan: Plan,
}

impl Stand {
    /// Starts everything.
    pub async fn start(drill: Drill, plan: &Plan) -> anyhow::Result<Stand> {
        let history = plan.reports.join("history.jsonl");
        fs::create_dir_all(&plan.reports)
            .with_context(|| format!("cannot make {}", plan.reports.display()))?;
        let file = File::create(&history).with_context(|| format!("cannot write {}", history.display()))?;
        let mut spec = Spec::new(&plan.binary, &plan.folder);
        (spec.nodes, spec.gateways, spec.shards) = (plan.nodes, plan.gateways, plan.shards);
        (spec.netns, spec.env) = (drill.cuts(), plan.env.clone());
        let mut disks = Disks::default();
        if drill == Drill::PowerCut {
            disks = Disks::mount(&plan.folder, plan.nodes, plan.seed)?;
            spec.node_flags = vec![format!("--wal-segment-size-mb={SEGMENT_MB}")];
        }
        let cluster = Cluster::up(&spec, plan.say).await?;
        let nodes = ask::nodes(&cluster);
        let notes = Notes::new(Box::new(BufWriter::new(file)), &drill.name(), plan.seed)?;
        for node in &nodes {
            notes.node(&node.name, Condition::Alive)?;
        }
        (plan.say)("setting clients to work");
        let load = load(drill, plan, &cluster).await?;
        // One each: who is frozen keeps nobody else from being seen.
        let watches = nodes.iter().cloned().map(|node| watch(node, notes.clone())).collect();
        let driver = Driver::start(load, notes.clone()).await?;
        let (faults, seed, plan) = (plan.faults, plan.seed, plan.clone());
        Ok(Stand { driver, watches, cluster, disks, faults, seed, nodes, notes, drill, plan })
    }

    /// Tells a person.
    pub fn say(&self, words: &str) {
        (self.plan.say as Say)(words);
    }

    /// The names of all nodes.
    pub fn names(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.name.clone()).collect()
    }

    /// The nodes that say that they lead something, sorted.
    pub async fn leaders(&self) -> Vec<String> {
        let leads = ask::all_leads(&self.nodes).await;
        leads.into_iter().map(|lead| lead.node).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Notes what becomes of these nodes. A fault is noted before it is made, and a repair afterwards.
    pub fn note(&self, nodes: &[String], became: Condition) -> anyhow::Result<()> {
        nodes.iter().try_for_each(|node| Ok(self.notes.node(node, became)?))
    }

    /// Whether the history is as long as one may be.
    pub fn is_over(&self) -> bool {
        self.notes.is_full()
    }

    /// Waits until every node is ready and every shard is led.
    pub async fn until_whole(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + WHOLE_WITHIN;
        loop {
            let missing = self.missing().await;
            if missing.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(NotWhole { within: WHOLE_WITHIN, missing }.into());
            }
            sleep(LOOK).await;
        }
    }

    async fn missing(&self) -> String {
        let mut missing = Vec::new();
        for node in &self.nodes {
            if !node.is_ready().await {
                missing.push(format!("{} is not ready", node.name));
            }
        }
        let leads = ask::all_leads(&self.nodes).await;
        let led: BTreeSet<ShardId> = leads.iter().map(|lead| lead.shard).collect();
        let without = shards(self.plan.shards).into_iter().filter(|shard| !led.contains(shard));
        missing.extend(without.map(|shard| format!("nobody leads {shard}")));
        missing.join(", ")
    }

    /// Lets everybody come to an end, and judges what was `held`. Where the cluster did not come back, nobody can tell what
    /// it holds at the end.
    pub async fn finish(self, held: anyhow::Result<()>) -> anyhow::Result<Report> {
        let held = match held {
            Ok(()) => self.until_whole().await,
            Err(error) => Err(error),
        };
        let came_back = whole::judge(self.faults, held)?;
        self.say("stopping the clients");
        let Stand { driver, watches, mut cluster, disks, nodes, notes, drill, plan, .. } = self;
        let stopped = driver.stop().await?;
        if came_back.verdict() != Verdict::Broken {
            stopped.finish().await?;
            (plan.say)("comparing replicas");
            drive::compare(&notes, AGREE_WITHIN, || ask::all_digests(&nodes)).await?;
        }
        for watch in watches {
            watch.stop().await?;
        }
        let was_cut_short = notes.is_full();
        drop(notes.finish()?);
        (plan.say)("judging");
        cluster.down_now()?;
        let panics = logs::check(&logs::of(&cluster)).context("cannot read the logs")?;
        drop(cluster);
        disks.unmount()?;
        let apart = [(Property::ComesBack, came_back), (Property::NoPanic, panics)];
        judge(drill, &plan, apart, was_cut_short)
    }
}

/// Judges the history, and adds what was found out without it.
fn judge(
    drill: Drill,
    plan: &Plan,
    apart: [(Property, Findings); 2],
    was_cut_short: bool,
) -> anyhow::Result<Report> {
    let history = read(BufReader::new(File::open(plan.reports.join("history.jsonl"))?))?;
    let mut report = Report::of(&history, &drill.bounds());
    apart.into_iter().for_each(|(property, findings)| report.add(property, findings));
    if was_cut_short {
        report.notes.push("the history was full before all faults were made".into());
    }
    fs::write(plan.reports.join("report.html"), report.to_html())?;
    fs::write(plan.reports.join("report.json"), serde_json::to_vec_pretty(&report)?)?;
    Ok(report)
}

fn watch(node: Asked, notes: Notes) -> Watch {
    Watch::start(notes, move || {
        let node = node.clone();
        async move { node.leads().await }
    })
}

fn shards(count: u32) -> Vec<ShardId> {
    (0..count).map(ShardId).collect()
}

/// Who works on it, and how.
async fn load(drill: Drill, plan: &Plan, cluster: &Cluster) -> anyhow::Result<drive::Plan> {
    let key = cluster.signing_key_file();
    let key = ["--jwt-private-key-file".as_ref(), key.as_os_str()];
    let tokens = tokens::mint(&plan.binary, &key, plan.shards as usize * USERS_PER_SHARD).await?;
    let (gateways, shards) = (cluster.gateways(), shards(plan.shards));
    Ok(match drill {
        // Somebody of each other kind, so that every promise can be judged.
        Drill::Failover => drive::Plan {
            readers: 1,
            revision_readers: 1,
            followers: 1,
            ..drive::Plan::failover(gateways, tokens, plan.seed, shards)
        },
        // The old leader is only asked for a moment: many have to read then.
        Drill::RestartDuringIsolation => drive::Plan {
            shards,
            documents: 2,
            readers: 8,
            pace: Duration::from_millis(20),
            ..drive::Plan::new(gateways, tokens, plan.seed)
        },
        _ => drive::Plan {
            shards,
            documents: 1,
            pace: MIXED_PACE,
            ..drive::Plan::new(gateways, tokens, plan.seed)
        },
    })
}
