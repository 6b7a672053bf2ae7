//! `context-hub shard`: a node of a cluster.
//!
//! ```text
//! start.rs      what it needs before it serves
//! identity.rs   who it is, and of which cluster
//! upkeep.rs     its replicas come and go as placement wants it, and what it leads gets the voters that are wanted
//! reports.rs    what it leads is told to the coordinator
//! ready.rs      whether all that placement gives it runs
//! ops.rs        /livez, /readyz, /metrics, /leads, /digests
//! ```
//!
//! The order of stopping: others lead what this node leads; gateways get the answers to what they asked; the cluster hears
//! that the node is gone; connections end; the node stops, whose log is flushed last.

mod identity;
mod ops;
mod ready;
mod reports;
mod start;
mod upkeep;

use crate::cli::ShardArgs;
use crate::process::Ended;
use crate::{logging, node, process};
use anyhow::{Result, bail};
use cluster::membership::Standing;
use start::Running;
use std::process::ExitCode;
use std::time::Duration;

/// How long others have to take over what this node leads.
const GIVE_WAY_WITHIN: Duration = Duration::from_secs(8);
/// How long gateways have to take the last answers.
const DRAIN_WITHIN: Duration = Duration::from_secs(3);

/// Runs until SIGTERM or SIGINT, until the store cannot be written any more, or until this is not the node any more.
pub fn run(args: ShardArgs) -> Result<ExitCode> {
    logging::start(args.log_format);
    process::run(serve(args))
}

async fn serve(args: ShardArgs) -> Result<()> {
    // Before anything is opened, so that a signal during the start is not lost.
    let mut ended = Ended::listen()?;
    let Some(running) = start::start(&args, &mut ended).await? else { return Ok(()) };
    let end = tokio::select! {
        () = ended.wait() => Ok(()),
        end = until_over(&running, &args) => end,
    };
    stop(running).await;
    end
}

/// Says that the node is ready once it is, and goes on until it cannot.
async fn until_over(running: &Running, args: &ShardArgs) -> Result<()> {
    let (service, mut standing) = (running.node.service(), running.membership.standing());
    let over = async {
        let gone = |standing: &Standing| matches!(standing, Standing::Superseded | Standing::Removed);
        match standing.wait_for(gone).await.map(|standing| *standing) {
            Ok(Standing::Removed) => bail!(
                "this node was removed from the cluster; to let the machine join again, give it an empty data folder"
            ),
            Ok(_) => {
                bail!("another process was started as this node, with the same data folder or a copy of it")
            }
            Err(_) => bail!("nobody keeps this node's membership any more"),
        }
    };
    tokio::select! {
        over = over => over,
        failed = node::until_store_fails(&service) => Err(failed),
        ready = async {
            running.until_ready().await;
            announce(running, args);
            std::future::pending().await
        } => ready,
    }
}

fn announce(running: &Running, args: &ShardArgs) {
    let (id, name, addr) = (running.node.id(), &running.name, &running.place);
    let ops = format!("http://{}", running.ops.addr());
    if args.json {
        let ready = serde_json::json!({
            "event": "ready", "name": name, "node": id.0, "addr": addr, "ops_url": ops, "pid": std::process::id(),
        });
        println!("{ready}");
    } else {
        println!("Node {id} ({name}) serves at {addr}; {ops}/readyz says how it is.");
    }
}

async fn stop(running: Running) {
    tracing::info!("stopping: others are to lead what this node leads");
    let Running { node, server, peers, membership, controller, view, stop, tasks, ops, .. } = running;
    node.give_way(GIVE_WAY_WITHIN).await;
    server.drain(DRAIN_WITHIN).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    controller.stop().await;
    membership.leave().await;
    server.close().await;
    view.stop().await;
    ops.stop().await;
    match std::sync::Arc::try_unwrap(node) {
        Ok(node) => node.stop().await,
        Err(_) => {
            tracing::error!("somebody still holds the node; its log is closed as if the power had failed")
        }
    }
    peers.close().await;
    tracing::info!("stopped; everything acknowledged is on disk");
}
