//! `cluster-writes`: durable creates through a gateway and three replicas against puts into a three-member etcd.
//!
//! Everything of either side runs on this machine. CPU is that of all processes of a side: nodes, gateway and the etcds that
//! they coordinate themselves with here, the three members there. Puts go to the member that leads, which is kindest to
//! etcd: one that does not would pass them on.
//!
//! An etcd is one Raft group, so what is judged is a cluster of one shard. The same with as many shards as a new cluster
//! has by default is told beside it: there a group batches less, because fewer of the clients are its own.

use super::owners::spread;
use super::writers::{Creator, Putter};
use super::{CONNECTIONS, Setting};
use crate::measure::{Alternation, Figure, Goal, Measured, Report, Servers, Worker, alternate, drive};
use crate::server::{Cluster, EtcdCluster, Parts, Scratch};
use anyhow::Result;
use std::rc::Rc;
use std::time::Duration;

/// One cluster, and what it is compared at.
struct Scale {
    shards: u32,
    /// Clients at once, each with one request in flight.
    clients: &'static [usize],
}

/// Like against like first: the goals are for one group against one group.
const WHOLE: [Scale; 2] =
    [Scale { shards: 1, clients: &[1, 64, 512] }, Scale { shards: 32, clients: &[64, 512] }];
const QUICK: [Scale; 2] = [Scale { shards: 1, clients: &[1, 8] }, Scale { shards: 3, clients: &[8] }];

/// One of the parts of a cluster's CPU.
type Part = fn(&Parts) -> Duration;

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    for scale in if setting.quick { &QUICK } else { &WHOLE } {
        compare(setting, scale, report).await?;
    }
    Ok(())
}

async fn compare(setting: &Setting, scale: &Scale, report: &mut Report) -> Result<()> {
    let scratch = Scratch::below(&setting.folder)?;
    let cluster = Cluster::start(setting.cluster(scale.shards), &scratch).await?;
    let etcd = EtcdCluster::start(&setting.etcd, &scratch, "peer", setting.cores(), &[]).await?;
    let tokens = tokens(&cluster, scale.shards)?;
    for &clients in scale.clients {
        let name = match scale.shards {
            1 => format!("cluster_writes.{clients}"),
            shards => format!("cluster_writes.shards_{shards}.{clients}"),
        };
        let mut creators = Creator::many(cluster.addr(), &tokens, clients).await?;
        let mut putters = Putter::many(etcd.leader().await?, clients).await?;
        let turns = alternate(
            &name,
            async || turn(&mut creators, setting, cluster.servers()).await,
            async || turn(&mut putters, setting, etcd.pids().collect()).await,
        )
        .await?;
        tell(report, &name, &turns, scale.shards == 1)?;
    }
    cluster.stop().await?;
    etcd.stop().await
}

/// Tokens of as many owners as there are clients elsewhere, spread evenly over the shards.
pub fn tokens(cluster: &Cluster, shards: u32) -> Result<Vec<Rc<str>>> {
    let owners = spread(CONNECTIONS, shards)?;
    owners.iter().map(|owner| Ok(cluster.token(owner)?.into())).collect()
}

/// One window; the workers are kept for the next.
pub async fn turn<W: Worker>(workers: &mut Vec<W>, setting: &Setting, servers: Servers) -> Result<Measured> {
    let (rested, measured) = drive(std::mem::take(workers), setting.load(), servers).await?;
    *workers = rested;
    Ok(measured)
}

/// Microseconds of a part's CPU for each operation.
pub fn micros(measured: &Measured, part: impl Fn(&Parts) -> Duration) -> f64 {
    part(&Parts::of(&measured.used)).as_secs_f64() * 1e6 / measured.latency.count() as f64
}

fn tell(report: &mut Report, name: &str, turns: &Alternation<Measured>, judged: bool) -> Result<()> {
    let busy = turns.client_share();
    let against = |what, unit, goal, number: fn(&Measured) -> f64| {
        let (ours, peer) = turns.medians(number);
        let figure = Figure::new(format!("{name}.{what}"), unit, ours).against(peer);
        if judged { figure.judged(goal).unless_client_was_busy(busy) } else { figure }
    };
    report.add(&against("throughput", "creates/s", Goal::RatioAtLeast(1.0), Measured::rate))?;
    report.add(&against("server_cpu", "us/create", Goal::RatioAtMost(1.0), Measured::server_micros))?;
    let parts: [(&str, Part); 3] = [
        ("nodes_cpu", |parts| parts.nodes),
        ("gateway_cpu", |parts| parts.gateway),
        ("coordination_cpu", |parts| parts.coordination),
    ];
    for (what, part) in parts {
        let cpu = turns.median_of_ours(|measured| micros(measured, part));
        report.add(&Figure::new(format!("{name}.{what}"), "us/create", cpu))?;
    }
    for (what, quantile) in [("p50", 0.5), ("p99", 0.99)] {
        let (ours, peer) = turns.medians(|measured| measured.millis(quantile));
        report.add(&Figure::new(format!("{name}.{what}"), "ms", ours).against(peer))?;
    }
    Ok(())
}
