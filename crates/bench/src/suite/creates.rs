//! `creates`: durable creates through REST against puts into a single-member etcd.
//!
//! Both sides have 64 requests in flight, 200 bytes of content each, and an fsync before the answer. The hub is asked
//! over 64 HTTP/1.1 connections, as that many separate clients would; etcd over 8 HTTP/2 connections with 8 puts in
//! flight on each, which is kinder to etcd than one connection a client (fewer system calls) and kinder than a single
//! one (no queue on its reader).

use super::prose::prose;
use super::{CONNECTIONS, Setting};
use crate::client::{Connection, EtcdChannel, Request, put_message};
use crate::measure::{Figure, Goal, Measured, Report, Worker, alternate, drive};
use crate::server::{Etcd, Hub, Scratch};
use anyhow::{Result, bail};
use rand::Rng;
use serde_json::json;
use std::net::SocketAddr;
use std::rc::Rc;

/// Content of a document, value of a put.
const CONTENT_BYTES: usize = 200;
/// Connections to etcd; the requests in flight are spread over them.
const ETCD_CONNECTIONS: usize = 8;

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scratch = Scratch::below(&setting.folder)?;
    let hub = Hub::start(setting.hub_in(&scratch)).await?;
    let etcd = Etcd::start(&setting.etcd, &scratch).await?;
    let mut creators = Creator::many(&hub).await?;
    let mut putters = Putter::many(etcd.addr()).await?;
    let turns = alternate(
        "creates",
        async || turn(&mut creators, setting, hub.process().pid()).await,
        async || turn(&mut putters, setting, etcd.process().pid()).await,
    )
    .await?;
    let (ours, peer) = turns.medians(Measured::rate);
    let throughput = Figure::new("creates.throughput", "creates/s", ours).against(peer);
    let (ours, peer) = turns.medians(Measured::server_micros);
    let cpu = Figure::new("creates.server_cpu", "us/create", ours).against(peer);
    let busy = turns.client_share();
    report.add(&throughput.judged(Goal::RatioAtLeast(1.0)).unless_client_was_busy(busy))?;
    report.add(&cpu.judged(Goal::RatioAtMost(1.0)).unless_client_was_busy(busy))?;
    etcd.stop().await?;
    hub.stop().await?;
    Ok(())
}

/// One window; the workers are kept for the next.
async fn turn<W: Worker>(
    workers: &mut Vec<W>,
    setting: &Setting,
    server: rustix::process::Pid,
) -> Result<Measured> {
    let (rested, measured) = drive(std::mem::take(workers), setting.load(), server).await?;
    *workers = rested;
    Ok(measured)
}

/// Creates a document a step.
struct Creator {
    connection: Connection,
    token: Rc<str>,
}

impl Creator {
    async fn many(hub: &Hub) -> Result<Vec<Creator>> {
        // Owners choose the shard: one for each connection spreads the work over all of them.
        let mut creators = Vec::with_capacity(CONNECTIONS);
        for user in 0..CONNECTIONS {
            let token = hub.token(&format!("creator-{user}"))?.into();
            creators.push(Creator { connection: Connection::open(hub.addr()).await?, token });
        }
        Ok(creators)
    }
}

impl Worker for Creator {
    async fn step(&mut self) -> Result<()> {
        let body = json!({ "name": "note", "doc_type": "Text", "content": prose(CONTENT_BYTES) }).to_string();
        let token = Some(&*self.token);
        let request = Request { method: "POST", path: "/documents", token, body: Some(body.as_bytes()) };
        let answer = self.connection.call(&request.encode()).await?;
        if answer.status != 201 {
            bail!("a create was answered with {}: {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        Ok(())
    }
}

/// Puts a value under a new key a step.
struct Putter(Rc<EtcdChannel>);

impl Putter {
    async fn many(etcd: SocketAddr) -> Result<Vec<Putter>> {
        let mut putters = Vec::with_capacity(CONNECTIONS);
        for _ in 0..ETCD_CONNECTIONS {
            let channel = Rc::new(EtcdChannel::open(etcd).await?);
            putters.extend((0..CONNECTIONS / ETCD_CONNECTIONS).map(|_| Putter(channel.clone())));
        }
        Ok(putters)
    }
}

impl Worker for Putter {
    async fn step(&mut self) -> Result<()> {
        let key: [u8; 16] = rand::rng().random();
        self.0.put(put_message(&key, prose(CONTENT_BYTES).as_bytes())).await
    }
}
