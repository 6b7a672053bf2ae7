//! What an open socket takes of a cluster's memory.

use super::super::Setting;
use super::super::idle::open_all;
use super::super::prose::prose;
use crate::crowd::{Host, StockPeer, Typing};
use crate::server::{Cluster, KernelSockets, Process};
use anyhow::{Context, Result, bail};
use std::rc::Rc;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::sleep;

/// Changes of each document.
const HISTORY: usize = 20;
/// Sockets at each document.
const SOCKETS_EACH: usize = 10;
/// How long they rest.
const REST: Duration = Duration::from_secs(5);

/// Sockets at rest.
pub struct Sockets {
    /// How many were opened.
    pub opened: usize,
    /// KiB of gateway, nodes and the kernel's buffers for each.
    pub each_kib: f64,
}

/// Opens sockets and sees how much memory gateway and nodes take for them.
pub async fn sockets(cluster: &Cluster, token: &str, setting: &Setting) -> Result<Sockets> {
    let opened = if setting.quick { 100 } else { 2_000 };
    let typing = Rc::new(Typing::record(prose(HISTORY), &[HISTORY])?);
    let host = Host::hub(cluster.addr(), token);
    let mut places = Vec::with_capacity(opened / SOCKETS_EACH);
    for _ in 0..opened / SOCKETS_EACH {
        let place = host.new_document()?;
        StockPeer::bring(&place, typing.document_at(HISTORY)?).await?;
        places.push(place);
    }
    let before = kib(cluster)?;
    let after = LocalSet::new()
        .run_until(async {
            let mut sockets = open_all(&places, &typing, opened).await?;
            tokio::select! {
                () = sleep(REST) => kib(cluster),
                ended = sockets.join_next() => {
                    ended.context("there are sockets")???;
                    bail!("a socket at rest had something to do")
                }
            }
        })
        .await?;
    Ok(Sockets { opened, each_kib: (after - before) / opened as f64 })
}

/// Of gateway and nodes, and half of the buffers: of both ends of a connection, one is the server's.
fn kib(cluster: &Cluster) -> Result<f64> {
    let processes = cluster.nodes().chain([cluster.gateway()]);
    let bytes = processes.map(Process::proportional_bytes).sum::<Result<u64>>()?;
    Ok((bytes + KernelSockets::now()?.buffer_bytes / 2) as f64 / 1024.0)
}
