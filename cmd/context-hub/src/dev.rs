//! `context-hub dev`: a hub with everything in one process.
//!
//! The order of stopping: the gateway finishes what it has begun, then the node, whose log is flushed last.

use crate::cli::DevArgs;
use crate::process::{Ended, prometheus};
use crate::secrets::{OwnerToken, master_key, owner_token, signing_key};
use crate::{logging, node, process, serving};
use anyhow::{Context, Result, bail};
use gateway::auth::{Issuer, Verifier};
use gateway::{Gateway, Services};
use rpc::{ShardState, Shards};
use shard::{Node, NodeService, Place};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Runs until SIGTERM or SIGINT, or until the store cannot be written any more.
pub fn run(args: DevArgs) -> Result<ExitCode> {
    logging::start(args.log_format);
    process::run(serve(args))
}

async fn serve(args: DevArgs) -> Result<()> {
    // Before anything is opened, so that a signal during the start is not lost.
    let mut ended = Ended::listen()?;
    let data_dir = &args.storage.data_dir;
    node::make_folder(data_dir)
        .with_context(|| format!("cannot make the data folder {}", data_dir.display()))?;
    let signing = signing_key(&args.secrets, data_dir)?;
    let master = master_key(&args.secrets, data_dir)?;
    let verifier = Verifier::from_keys([signing.public().clone()]);
    let issuer = Arc::new(Issuer::new(signing));
    let owner = owner_token(&issuer, &verifier, data_dir, base::now())?;
    let prometheus = prometheus()?;

    let options = node::options(Place::Alone { shards: args.shards }, &args.storage, &args.limits);
    let node = Node::start(options, master).await.map_err(|error| node::chained(&error))?;
    let service = node.service();
    let ready = tokio::select! {
        ready = until_ready(&service) => ready,
        failed = node::until_store_fails(&service) => Err(failed),
        () = ended.wait() => return { node.stop().await; Ok(()) },
    };
    if let Err(error) = ready {
        node.stop().await;
        return Err(error);
    }
    let node_service = Arc::new(service.clone());
    let services = Services {
        shards: node_service.clone(),
        live: node_service.clone(),
        tickets: node_service,
        verifier,
        issuer,
    };
    let config = serving::config(args.addr, &args.serving, &args.limits);
    let gateway = match gateway::start(config, services, prometheus).await {
        Ok(gateway) => gateway,
        Err(error) => {
            drop(service);
            node.stop().await;
            return Err(error.into());
        }
    };
    announce(&args, gateway.local_addr(), &owner)?;
    let end = until_ended(&mut ended, &service).await;
    stop(gateway, service, node).await;
    end
}

async fn stop(gateway: Gateway, service: NodeService, node: Node) {
    tracing::info!("stopping: no new requests are taken");
    gateway.stop().await;
    drop(service);
    node.stop().await;
    tracing::info!("stopped; everything acknowledged is on disk");
}

/// Takes the node's figures now and then until the end.
async fn until_ended(ended: &mut Ended, service: &NodeService) -> Result<()> {
    let stop = CancellationToken::new();
    let observer = tokio::spawn(node::observe(service.clone(), stop.clone()));
    let end = tokio::select! {
        () = ended.wait() => Ok(()),
        failed = node::until_store_fails(service) => Err(failed),
    };
    stop.cancel();
    if let Err(error) = observer.await {
        tracing::error!(%error, "the task that takes figures failed");
    }
    end
}

/// Waits until every shard serves. One that never will ends the start.
async fn until_ready(service: &NodeService) -> Result<()> {
    const POLL: Duration = Duration::from_millis(5);
    loop {
        let health = service.health();
        if health.ready() {
            return Ok(());
        }
        for shard in &health.shards {
            if let ShardState::Broken { reason } = &shard.state {
                bail!("shard {} does not start: {reason}", shard.shard);
            }
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Says where the hub is and how to talk to it.
fn announce(args: &DevArgs, addr: SocketAddr, owner: &OwnerToken) -> Result<()> {
    let url = format!("http://{addr}");
    let file = owner.file.display();
    if args.json {
        let ready = serde_json::json!({
            "event": "ready",
            "url": url,
            "token_file": owner.file,
            "pid": std::process::id(),
        });
        println!("{ready}");
        return Ok(());
    }
    println!(
        "Context Hub is ready at {url}

Owner token (also in {file}):
{token}

Try it:
  TOKEN=$(cat {file})
  curl -s {url}/documents -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\
    -d '{{\"name\": \"notes\", \"doc_type\": \"Text\", \"content\": \"Hello, world\"}}'
  curl -s {url}/documents -H \"Authorization: Bearer $TOKEN\"

Stop it with Ctrl-C; started again on the same folder it goes on where it was.",
        token = owner.token,
    );
    Ok(())
}
