//! `claims`: the performance table of the source document, line by line.
//!
//! What can be measured on one machine with two cores, where three nodes, the gateway, etcd and the load share them, is
//! measured. What follows for machines of their own is computed from the CPU and the memory that each part took, and says
//! how. Nothing is judged.

mod failover;
mod line;
mod memory;
mod table;

use super::cluster_writes::{micros, tokens, turn};
use super::hop::Reader;
use super::owners::spread;
use super::prose::prose;
use super::writers::Creator;
use super::{CONNECTIONS, Setting};
use crate::client::Rest;
use crate::measure::{Histogram, Measured, Report, Usage, Worker, sequence};
use crate::server::{Cluster, Scratch};
use anyhow::Result;
use line::Line;
use memory::Sockets;
use std::rc::Rc;
use std::time::{Duration, Instant};
use table::{
    CREATE, DATA, FAILOVER, LOST, READ_CACHED, READ_STORED, READS, SEARCH, SHARDS, SOCKETS, UPDATE, USERS,
    WRITES,
};
use tokio::time::sleep;

/// Shards of the cluster that is loaded: what is claimed of writes and reads is claimed of one.
const ONE: u32 = 1;
/// Clients that write as fast as they can; few, if it is only to be seen that it runs.
const CROWD: [usize; 2] = [512, 8];
/// Reads of what is in memory, one at a time.
const HOT_READS: usize = 1_000;
/// Content of a document that is updated or read.
const CONTENT_BYTES: usize = 2 << 10;
/// Shards of the cluster that rests; few, if it is only to be seen that it runs.
const RESTING_SHARDS: [u32; 2] = [64, 6];
/// How long that one has to come to rest.
const REST: Duration = Duration::from_secs(10);
/// Replicas that a node carries, by the design: about a hundred.
const REPLICAS_A_NODE: f64 = 100.0;
/// Memory that sockets are counted into.
const SOCKETS_GIB: f64 = 16.0;
/// Replicas of a shard.
const REPLICAS: f64 = 3.0;

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scratch = Scratch::below(&setting.folder)?;
    let cluster = Cluster::start(setting.cluster(ONE), &scratch).await?;
    let tokens = tokens(&cluster, ONE)?;

    let (cluster, stored) = stored_reads(cluster, &tokens[0], setting).await?;
    let mut readers =
        Reader::many(cluster.addr(), &spread(CONNECTIONS, ONE)?, |owner| cluster.token(owner)).await?;
    let hot = sequence(&mut readers[..1], HOT_READS, cluster.servers()).await?;
    let with = format!(
        "p99 of {HOT_READS} reads through the gateway, one at a time; the node has the text in memory"
    );
    report.line(&Line::measured(&READ_CACHED, hot.millis(0.99), with))?;
    let with = format!("p99 of {} first reads after a restart of all nodes, one at a time", stored.count());
    report.line(&Line::measured(&READ_STORED, stored.quantile(0.99).as_secs_f64() * 1e3, with))?;

    let mut creators = Creator::many(cluster.addr(), &tokens, CONNECTIONS).await?;
    let created = turn(&mut creators, setting, cluster.servers()).await?;
    let with = |seen: &Measured| {
        let client = seen.client_share() * 100.0;
        format!("one shard, all clients without a pause, {:.0}/s, client at {client:.0} %", seen.rate())
    };
    report.line(&Line::measured(&CREATE, created.millis(0.99), with(&created)))?;
    let mut updaters = Updater::many(&cluster, &tokens).await?;
    let updated = turn(&mut updaters, setting, cluster.servers()).await?;
    report.line(&Line::measured(&UPDATE, updated.millis(0.99), with(&updated)))?;
    report.line(&Line::unmeasured(&SEARCH, "the hub has no search yet"))?;

    let mut crowd = Creator::many(cluster.addr(), &tokens, CROWD[usize::from(setting.quick)]).await?;
    let written = turn(&mut crowd, setting, cluster.servers()).await?;
    drop(crowd);
    report.line(&of_a_core(Line::measured(&WRITES, written.rate(), with(&written)), &written))?;
    let read = turn(&mut readers, setting, cluster.servers()).await?;
    report.line(&of_a_core(Line::measured(&READS, read.rate(), with(&read)), &read))?;

    at_scale(setting, report).await?;
    fail_over(cluster, &tokens[0], report).await
}

/// First reads after everything was started again.
async fn stored_reads(cluster: Cluster, token: &str, setting: &Setting) -> Result<(Cluster, Histogram)> {
    let documents = if setting.quick { 50 } else { 1_000 };
    let mut rest = Rest::open(cluster.addr(), token).await?;
    let mut ids = Vec::with_capacity(documents);
    for _ in 0..documents {
        ids.push(rest.create("note", &prose(CONTENT_BYTES)).await?.id);
    }
    let cluster = cluster.restart().await?;
    let mut rest = Rest::open(cluster.addr(), token).await?;
    // Finding the way to the node is no part of a read.
    rest.create("note", "first").await?;
    let mut latency = Histogram::default();
    for id in &ids {
        let started = Instant::now();
        rest.get(id).await?;
        latency.record(started.elapsed());
    }
    Ok((cluster, latency))
}

/// What the node that leads could do with a core to itself: everything else can be given machines of its own.
fn of_a_core(line: Line, seen: &Measured) -> Line {
    let leader = micros(seen, |parts| parts.busiest_node);
    let how = format!(
        "a core of the leader's own: {leader:.1} us of its CPU for each; gateways and followers have other machines"
    );
    line.extrapolated(1e6 / leader, how)
}

/// Sockets, shards, users, data. On a cluster of its own that did nothing before: one that was loaded gives memory back meanwhile.
async fn at_scale(setting: &Setting, report: &mut Report) -> Result<()> {
    let shards = RESTING_SHARDS[usize::from(setting.quick)];
    let scratch = Scratch::below(&setting.folder)?;
    let cluster = Cluster::start(setting.cluster(shards), &scratch).await?;
    sleep(REST).await;
    let usage = Usage::begin(cluster.hubs())?;
    sleep(setting.window).await;
    let share = usage.end()?.server_share();
    let sockets = memory::sockets(&cluster, &tokens(&cluster, shards)?[0], setting).await?;
    cluster.stop().await?;
    report.line(&of_sockets(&sockets))?;
    let with = format!("{shards} shards of three replicas at rest took {share:.2} of a core");
    let replica = share / (f64::from(shards) * REPLICAS);
    let how = format!(
        "shards that take one core at rest, all replicas together; {:.0} are {:.0} nodes of {REPLICAS_A_NODE} replicas, each \
         with {:.2} of a core at rest",
        SHARDS.number,
        (SHARDS.number * REPLICAS / REPLICAS_A_NODE).ceil(),
        replica * REPLICAS_A_NODE
    );
    let line = Line::measured(&SHARDS, f64::from(shards), with).extrapolated(f64::from(shards) / share, how);
    report.line(&line.only_a_part())?;
    let why = "a user without a request costs nothing: users are owners of documents, and documents are measured by `million`";
    report.line(&Line::unmeasured(&USERS, why))?;
    let why =
        "filling 100 GB takes hours here; `million` measures disk, memory and start with a million documents";
    Ok(report.line(&Line::unmeasured(&DATA, why))?)
}

/// What so many sockets took, and how many there may be.
fn of_sockets(Sockets { opened, each_kib }: &Sockets) -> Line {
    if *each_kib <= 0.0 {
        return Line::unmeasured(
            &SOCKETS,
            "memory was given back while the sockets were opened; run it again",
        );
    }
    let with = format!("{opened} sockets at rest took {each_kib:.1} KiB each");
    let fit = SOCKETS_GIB * f64::from(1 << 20) / each_kib;
    let how = format!(
        "sockets that {SOCKETS_GIB} GiB hold; a million take {:.1} GiB, over as many gateways and nodes as there are",
        each_kib * SOCKETS.number / f64::from(1 << 20)
    );
    Line::measured(&SOCKETS, *opened as f64, with).extrapolated(fit, how).only_a_part()
}

async fn fail_over(mut cluster: Cluster, token: &str, report: &mut Report) -> Result<()> {
    let seen = failover::kill_leader(&mut cluster, token).await?;
    let with = "the longest time between two acknowledged writes of one writer while the leader was killed";
    report.line(&Line::measured(&FAILOVER, seen.gap, with))?;
    let with = format!("{} acknowledged writes around the kill were read again", seen.writes);
    report.line(&Line::measured(&LOST, seen.lost, with))?;
    cluster.stop().await
}

/// Replaces the content of a document of its own a step.
struct Updater {
    rest: Rest,
    id: String,
    version: u64,
    text: String,
}

impl Updater {
    async fn many(cluster: &Cluster, tokens: &[Rc<str>]) -> Result<Vec<Updater>> {
        let mut updaters = Vec::with_capacity(tokens.len());
        for token in tokens {
            let mut rest = Rest::open(cluster.addr(), token.as_ref()).await?;
            let text = prose(CONTENT_BYTES);
            let document = rest.create("note", &text).await?;
            updaters.push(Updater { rest, id: document.id, version: document.version, text });
        }
        Ok(updaters)
    }
}

impl Worker for Updater {
    async fn step(&mut self) -> Result<()> {
        // Only the end changes: an edit, not another text.
        let content = format!("{} {}", self.text, self.version);
        self.version = self.rest.put(&self.id, self.version, &content).await?.version;
        Ok(())
    }
}
