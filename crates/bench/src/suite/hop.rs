//! `hop`: a hot read through a gateway against the same read where the shard is.
//!
//! A shard speaks with gateways only; the nearest that a client can come to it is a hub of one process, whose gateway asks
//! the shard beside it without a wire between them. So both sides do the same for the client (HTTP, the token, the access
//! list, the answer), and what ours has more is the way to the node and back, mutual TLS, and the node's part of it. Both
//! have 64 documents of 2 KiB, each read again and again by its owner over a connection of its own. CPU is that of the
//! gateway and all nodes on our side (the followers' heartbeats too), and that of the one process on the other.

use super::cluster_writes::{micros, turn};
use super::owners::spread;
use super::prose::prose;
use super::{CONNECTIONS, Setting};
use crate::client::{Connection, Request, Rest};
use crate::measure::{Figure, Goal, Measured, Report, Worker, alternate};
use crate::server::{Cluster, Hub, Scratch};
use anyhow::{Result, ensure};
use std::net::SocketAddr;

/// Shards of the cluster: groups at rest are no part of a read.
const SHARDS: u32 = 1;
/// Content of a document.
const CONTENT_BYTES: usize = 2 << 10;
/// What the way through a gateway may cost.
const HOP_GOAL: f64 = 1.8;

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scratch = Scratch::below(&setting.folder)?;
    let cluster = Cluster::start(setting.cluster(SHARDS), &scratch).await?;
    let hub = Hub::start(setting.hub_in(&scratch).on(setting.cores())).await?;
    let owners = spread(CONNECTIONS, SHARDS)?;
    let mut far = Reader::many(cluster.addr(), &owners, |owner| cluster.token(owner)).await?;
    let mut near = Reader::many(hub.addr(), &owners, |owner| hub.token(owner)).await?;
    let turns = alternate(
        "hop",
        async || turn(&mut far, setting, cluster.hubs()).await,
        async || turn(&mut near, setting, hub.process().pid().into()).await,
    )
    .await?;
    let busy = turns.client_share();
    let (ours, peer) = turns.medians(Measured::server_micros);
    let cpu = Figure::new("hop.server_cpu", "us/read", ours).against(peer);
    report.add(&cpu.judged(Goal::RatioAtMost(HOP_GOAL)).unless_client_was_busy(busy))?;
    let gateway = turns.median_of_ours(|measured| micros(measured, |parts| parts.gateway));
    report.add(&Figure::new("hop.gateway_cpu", "us/read", gateway))?;
    let nodes = turns.median_of_ours(|measured| micros(measured, |parts| parts.nodes));
    report.add(&Figure::new("hop.nodes_cpu", "us/read", nodes))?;
    let (ours, peer) = turns.medians(Measured::rate);
    report.add(&Figure::new("hop.throughput", "reads/s", ours).against(peer))?;
    for (what, quantile) in [("p50", 0.5), ("p99", 0.99)] {
        let (ours, peer) = turns.medians(|measured| measured.millis(quantile));
        report.add(&Figure::new(format!("hop.{what}"), "ms", ours).against(peer))?;
    }
    hub.stop().await?;
    cluster.stop().await
}

/// Reads one document a step, always the same.
pub struct Reader {
    connection: Connection,
    request: Vec<u8>,
}

impl Reader {
    /// One for each owner, with a document that it makes.
    pub async fn many(
        addr: SocketAddr,
        owners: &[String],
        token: impl Fn(&str) -> Result<String>,
    ) -> Result<Vec<Reader>> {
        let mut readers = Vec::with_capacity(owners.len());
        for owner in owners {
            let token = token(owner)?;
            let id = Rest::open(addr, &token).await?.create("note", &prose(CONTENT_BYTES)).await?.id;
            let path = format!("/documents/{id}");
            let request = Request { method: "GET", path: &path, token: Some(&token), body: None }.encode();
            readers.push(Reader { connection: Connection::open(addr).await?, request });
        }
        Ok(readers)
    }
}

impl Worker for Reader {
    async fn step(&mut self) -> Result<()> {
        let answer = self.connection.call(&self.request).await?;
        let said = || format!("a read was answered with {}", answer.status);
        ensure!(answer.status == 200 && answer.body.len() > CONTENT_BYTES, said());
        Ok(())
    }
}
