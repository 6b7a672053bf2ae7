//! `creates`: durable creates through REST against puts into a single-member etcd.
//!
//! Both sides have 64 requests in flight, 200 bytes of content each, and an fsync before the answer. The hub is asked
//! over 64 HTTP/1.1 connections, as that many separate clients would; etcd over 8 HTTP/2 connections with 8 puts in
//! flight on each, which is kinder to etcd than one connection a client (fewer system calls) and kinder than a single
//! one (no queue on its reader).

use super::cluster_writes::turn;
use super::writers::{Creator, Putter};
use super::{CONNECTIONS, Setting};
use crate::measure::{Figure, Goal, Measured, Report, alternate};
use crate::server::{Etcd, Hub, Scratch};
use anyhow::Result;
use std::rc::Rc;

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scratch = Scratch::below(&setting.folder)?;
    let hub = Hub::start(setting.hub_in(&scratch)).await?;
    let etcd = Etcd::start(&setting.etcd, &scratch).await?;
    // Owners choose the shard: one for each connection spreads the work over all of them.
    let token = |user| Ok(hub.token(&format!("creator-{user}"))?.into());
    let tokens = (0..CONNECTIONS).map(token).collect::<Result<Vec<Rc<str>>>>()?;
    let mut creators = Creator::many(hub.addr(), &tokens, CONNECTIONS).await?;
    let mut putters = Putter::many(etcd.addr(), CONNECTIONS).await?;
    let turns = alternate(
        "creates",
        async || turn(&mut creators, setting, hub.process().pid().into()).await,
        async || turn(&mut putters, setting, etcd.process().pid().into()).await,
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
