//! `groups`: what it costs to have many Raft groups.
//!
//! The same load, 64 clients that create documents, on clusters of 1, 16 and 64 shards, whose owners are spread evenly over
//! them. Each cluster is new, and they take turns: while one runs, nothing of the others does. Then a cluster of 128 shards
//! that nobody asks for anything.

use super::cluster_writes::{micros, tokens, turn};
use super::writers::Creator;
use super::{CONNECTIONS, Setting};
use crate::measure::{Figure, Goal, Measured, Report, Usage, median};
use crate::server::{Cluster, Parts, Scratch};
use anyhow::Result;
use std::time::Duration;
use tokio::time::sleep;

/// How much.
struct Scale {
    /// Shards that the load is spread over; each is set against the first.
    spreads: [u32; 3],
    /// How often each is measured.
    rounds: usize,
    /// Shards that nobody asks for anything.
    idle: u32,
    /// How long a cluster has to come to rest after its start.
    rest: Duration,
}

const WHOLE: Scale = Scale { spreads: [1, 16, 64], rounds: 3, idle: 128, rest: Duration::from_secs(10) };
const QUICK: Scale = Scale { spreads: [1, 2, 4], rounds: 1, idle: 6, rest: Duration::from_secs(2) };
/// How much more a write may cost on the most than on the first.
const SPREAD_GOAL: f64 = 4.0;
/// What they may use of a core, all replicas together.
const IDLE_GOAL: f64 = 0.6;
/// Windows that a cluster at rest is watched for: it does some things only every few seconds.
const IDLE_WINDOWS: u32 = 4;

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scale = if setting.quick { QUICK } else { WHOLE };
    let mut rounds: [Vec<Measured>; 3] = Default::default();
    for round in 1..=scale.rounds {
        for (shards, seen) in scale.spreads.into_iter().zip(&mut rounds) {
            let measured = loaded(setting, shards).await?;
            eprintln!("groups {shards} {round}/{}: {measured}", scale.rounds);
            seen.push(measured);
        }
    }
    tell(report, &scale, &rounds)?;
    idle(setting, &scale, report).await
}

async fn loaded(setting: &Setting, shards: u32) -> Result<Measured> {
    let scratch = Scratch::below(&setting.folder)?;
    let cluster = Cluster::start(setting.cluster(shards), &scratch).await?;
    let tokens = tokens(&cluster, shards)?;
    let mut creators = Creator::many(cluster.addr(), &tokens, CONNECTIONS).await?;
    let measured = turn(&mut creators, setting, cluster.servers()).await?;
    cluster.stop().await?;
    Ok(measured)
}

fn tell(report: &mut Report, scale: &Scale, rounds: &[Vec<Measured>; 3]) -> Result<()> {
    let of = |seen: &[Measured], number: &dyn Fn(&Measured) -> f64| median(seen.iter().map(number));
    let busy = rounds.iter().map(|seen| of(seen, &Measured::client_share)).fold(0.0, f64::max);
    let last = rounds.len() - 1;
    for (at, (shards, seen)) in scale.spreads.into_iter().zip(rounds).enumerate() {
        let figure = |what: &str, unit, number: &dyn Fn(&Measured) -> f64| {
            let figure = Figure::new(format!("groups.{shards}.{what}"), unit, of(seen, number));
            if at == 0 { figure } else { figure.against(of(&rounds[0], number)) }
        };
        let cpu = figure("server_cpu", "us/create", &Measured::server_micros);
        let cpu = if at == last { cpu.judged(Goal::RatioAtMost(SPREAD_GOAL)) } else { cpu };
        report.add(&cpu.unless_client_was_busy(busy))?;
        report.add(&figure("nodes_cpu", "us/create", &|seen| micros(seen, |parts| parts.nodes)))?;
        report.add(&figure("throughput", "creates/s", &Measured::rate))?;
        report.add(&figure("p99", "ms", &|seen| seen.millis(0.99)))?;
    }
    Ok(())
}

async fn idle(setting: &Setting, scale: &Scale, report: &mut Report) -> Result<()> {
    let scratch = Scratch::below(&setting.folder)?;
    let cluster = Cluster::start(setting.cluster(scale.idle), &scratch).await?;
    sleep(scale.rest).await;
    let usage = Usage::begin(cluster.servers())?;
    sleep(setting.window * IDLE_WINDOWS).await;
    let used = usage.end()?;
    cluster.stop().await?;
    let parts = Parts::of(&used);
    let share = |cpu: Duration| cpu.as_secs_f64() / used.wall.as_secs_f64();
    let all = Figure::new("groups.idle.server_cpu", "cores", used.server_share());
    report.add(&all.judged(Goal::Below(IDLE_GOAL)))?;
    report.add(&Figure::new("groups.idle.nodes_cpu", "cores", share(parts.nodes)))?;
    report.add(&Figure::new("groups.idle.gateway_cpu", "cores", share(parts.gateway)))?;
    report.add(&Figure::new("groups.idle.coordination_cpu", "cores", share(parts.coordination)))?;
    Ok(())
}
