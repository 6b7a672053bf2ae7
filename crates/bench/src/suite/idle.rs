//! `idle`: ten thousand sockets that have nothing to do.
//!
//! A thousand short texts are brought by a stock client, then the hub is started again. Ten thousand sockets join, ten at each
//! document, and sync; they answer pings, and do nothing else. After half a minute of rest, memory is set against what it was
//! before the first socket: the proportional set size of the hub, and half of the memory of TCP buffers (the other half is
//! the clients'). What the kernel keeps for a socket besides buffers is told apart, where it lets itself be read.

use super::Setting;
use super::prose::prose;
use crate::crowd::{Follower, Host, Place, StockPeer, Typing};
use crate::measure::{Figure, Goal, Report};
use crate::server::{Hub, KernelSockets, Scratch};
use anyhow::{Context, Result};
use std::rc::Rc;
use std::time::Duration;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::sleep;

/// Changes of each document.
const HISTORY: usize = 20;
/// What a socket may take.
const SOCKET_GOAL_KIB: f64 = 16.0;
/// Handshakes at once.
const JOINING: usize = 32;

/// How many, how long.
struct Scale {
    sockets: usize,
    documents: usize,
    rest: Duration,
}

const WHOLE: Scale = Scale { sockets: 10_000, documents: 1_000, rest: Duration::from_secs(30) };
const QUICK: Scale = Scale { sockets: 200, documents: 20, rest: Duration::from_secs(2) };

/// Memory at a moment, in KiB.
struct Memory {
    process: f64,
    kernel: KernelSockets,
}

impl Memory {
    fn now(hub: &Hub) -> Result<Memory> {
        let process = hub.process().proportional_bytes()? as f64 / 1024.0;
        Ok(Memory { process, kernel: KernelSockets::now()? })
    }

    /// Of both ends of a connection, one is the server's.
    fn kernel_buffers(&self) -> f64 {
        self.kernel.buffer_bytes as f64 / 1024.0 / 2.0
    }
}

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scale = if setting.quick { QUICK } else { WHOLE };
    let scratch = Scratch::below(&setting.folder)?;
    let hub = Hub::start(setting.hub_in(&scratch)).await?;
    let typing = Rc::new(Typing::record(prose(HISTORY), &[HISTORY])?);
    let host = Host::hub(hub.addr(), hub.owner_token());
    let mut places = Vec::with_capacity(scale.documents);
    for _ in 0..scale.documents {
        let place = host.new_document()?;
        StockPeer::bring(&place, typing.document_at(HISTORY)?).await?;
        places.push(place);
    }
    let hub = Hub::start(hub.stop().await?).await?;
    let host = Host::hub(hub.addr(), hub.owner_token());
    for place in &mut places {
        place.host = host.clone();
    }

    let before = Memory::now(&hub)?;
    let after = LocalSet::new()
        .run_until(async {
            let mut sockets = open_all(&places, &typing, scale.sockets).await?;
            eprintln!("idle: {} sockets are open, resting for {:?}", sockets.len(), scale.rest);
            tokio::select! {
                () = sleep(scale.rest) => Memory::now(&hub),
                ended = sockets.join_next() => {
                    ended.context("there are sockets")???;
                    anyhow::bail!("a socket at rest had something to do")
                }
            }
        })
        .await?;
    tell(report, &before, &after, scale.sockets as f64)?;
    hub.stop().await.map(drop)
}

fn tell(report: &mut Report, before: &Memory, after: &Memory, sockets: f64) -> Result<()> {
    let each = |after: f64, before: f64| (after - before) / sockets;
    let process = each(after.process, before.process);
    let buffers = each(after.kernel_buffers(), before.kernel_buffers());
    let socket = process + buffers;
    report.add(&Figure::new("idle.process", "KiB/socket", process))?;
    report.add(&Figure::new("idle.kernel_buffers", "KiB/socket", buffers))?;
    report.add(&Figure::new("idle.socket", "KiB/socket", socket).judged(Goal::Below(SOCKET_GOAL_KIB)))?;
    let million = (before.process + socket * 1e6) / f64::from(1 << 20);
    report.add(&Figure::new("idle.million", "GiB", million))?;
    if let (Some(after), Some(before)) = (after.kernel.object_bytes, before.kernel.object_bytes) {
        let objects = each(after as f64, before as f64) / 1024.0 / 2.0;
        report.add(&Figure::new("idle.kernel_objects", "KiB/socket", objects))?;
    }
    Ok(())
}

/// Opens the sockets, a few at a time; each then sits still.
pub async fn open_all(
    places: &[Place],
    typing: &Rc<Typing>,
    sockets: usize,
) -> Result<JoinSet<Result<usize>>> {
    let (mut joining, mut sitting) = (JoinSet::new(), JoinSet::new());
    for number in 0..sockets {
        if joining.len() == JOINING {
            sit(&mut joining, &mut sitting).await?;
        }
        let (place, typing) = (places[number % places.len()].clone(), typing.clone());
        joining.spawn_local(async move { Follower::open(&place, &typing, HISTORY).await });
    }
    while !joining.is_empty() {
        sit(&mut joining, &mut sitting).await?;
    }
    Ok(sitting)
}

async fn sit(joining: &mut JoinSet<Result<Follower>>, sitting: &mut JoinSet<Result<usize>>) -> Result<()> {
    let mut socket = joining.join_next().await.context("some are joining")???;
    sitting.spawn_local(async move { socket.next().await });
    Ok(())
}
