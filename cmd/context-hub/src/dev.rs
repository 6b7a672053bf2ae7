//! `context-hub dev`: a hub with everything in one process.
//!
//! The order of stopping: the gateway finishes what it has begun, then the node, whose log is flushed last.

use crate::cli::DevArgs;
use crate::logging;
use crate::secrets::{OwnerToken, master_key, owner_token, signing_key};
use anyhow::{Context, Result, bail};
use base::Limits;
use gateway::auth::{Issuer, Verifier};
use gateway::{Config, FeedConfig, Gateway, Services, SocketConfig};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use rpc::{ShardState, Shards};
use shard::{EngineOptions, Node, NodeOptions, NodeService, Place};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long work that nobody waits for any more may take to end.
const LEFTOVERS_END_WITHIN: Duration = Duration::from_millis(500);

/// How often the node's figures are taken for `/metrics`.
const OBSERVE_EVERY: Duration = Duration::from_secs(2);

/// Runs until SIGTERM or SIGINT, or until the store cannot be written any more.
pub fn run(args: DevArgs) -> Result<ExitCode> {
    logging::start(args.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(serve(args));
    // What still computes has nobody to tell, and nothing of it is lost: it is in the log.
    runtime.shutdown_timeout(LEFTOVERS_END_WITHIN);
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve(args: DevArgs) -> Result<()> {
    // Before anything is opened, so that a signal during the start is not lost.
    let mut ended = Ended::listen()?;
    make_folder(&args.data_dir)
        .with_context(|| format!("cannot make the data folder {}", args.data_dir.display()))?;
    let signing = signing_key(&args.secrets, &args.data_dir)?;
    let master = master_key(&args.secrets, &args.data_dir)?;
    let verifier = Verifier::from_keys([signing.public().clone()]);
    let issuer = Arc::new(Issuer::new(signing));
    let owner = owner_token(&issuer, &verifier, &args.data_dir, base::now())?;
    let prometheus = prometheus()?;

    let node = Node::start(node_options(&args), master).await.map_err(|error| chained(&error))?;
    let service = node.service();
    let ready = tokio::select! {
        ready = until_ready(&service) => ready,
        failed = until_store_fails(&service) => Err(failed),
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
    let gateway = match gateway::start(gateway_config(&args), services, prometheus).await {
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

/// Makes the folder if it is not there, and its name durable: everything acknowledged lies below it.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    // Not for others on this machine: names and access lists are in the clear.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let parent = folder.canonicalize()?.parent().map(Path::to_owned);
    parent.map_or(Ok(()), |parent| std::fs::File::open(parent)?.sync_all())
}

async fn stop(gateway: Gateway, service: NodeService, node: Node) {
    tracing::info!("stopping: no new requests are taken");
    gateway.stop().await;
    drop(service);
    node.stop().await;
    tracing::info!("stopped; everything acknowledged is on disk");
}

/// The signals that end the hub.
struct Ended {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Ended {
    fn listen() -> Result<Ended> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Ended { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Waits until the store cannot be written any more. A store that is opened anew can be, so what ends here is for whoever
/// keeps the hub running to start again.
async fn until_store_fails(service: &NodeService) -> anyhow::Error {
    let error = service.store_failed().await;
    tracing::error!(error, "the local store cannot be written any more; the hub ends");
    anyhow::anyhow!(
        "the local store cannot be written any more: {error}. Mostly the disk is full: make room and start the hub again. \
         What was acknowledged is in the log, and is applied then"
    )
}

/// Takes the node's figures now and then until the end.
async fn until_ended(ended: &mut Ended, service: &NodeService) -> Result<()> {
    let stop = CancellationToken::new();
    let (observed, observing) = (stop.clone(), service.clone());
    let observer = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(OBSERVE_EVERY);
        while observed.run_until_cancelled(ticks.tick()).await.is_some() {
            observing.observe();
        }
    });
    let end = tokio::select! {
        () = ended.wait() => Ok(()),
        failed = until_store_fails(service) => Err(failed),
    };
    stop.cancel();
    if let Err(error) = observer.await {
        tracing::error!(%error, "the task that takes figures failed");
    }
    end
}

fn prometheus() -> Result<PrometheusHandle> {
    // From a cached read to a slow disk.
    const SECONDS: [f64; 14] =
        [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
    let builder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?;
    Ok(builder.install_recorder()?)
}

fn node_options(args: &DevArgs) -> NodeOptions {
    const MIB: u64 = 1 << 20;
    let cache_bytes = args.cache_size_mb * MIB;
    // A quarter for blocks of the store, the rest for documents.
    let blocks = cache_bytes / 4;
    NodeOptions {
        folder: args.data_dir.clone(),
        place: Place::Alone { shards: args.shards },
        wal: wal::Options {
            segment_bytes: args.wal_segment_size_mb * MIB,
            reserve_bytes: args.disk_reserve_mb * MIB,
            ..wal::Options::default()
        },
        store: shard::StoreOptions { cache_bytes: blocks, ..shard::StoreOptions::default() },
        engine: EngineOptions {
            cache_bytes: cache_bytes - blocks,
            workers: std::thread::available_parallelism().map_or(2, usize::from) * 2,
            limits: Limits::from(&args.limits),
        },
        policy: shard::Policy::default(),
    }
}

fn gateway_config(args: &DevArgs) -> Config {
    let default = Config::new(args.addr);
    let serving = &args.serving;
    let seconds = |given: Option<u32>, default| given.map_or(default, |it| Duration::from_secs(it.into()));
    Config {
        allow_public_bind: args.allow_plaintext,
        limits: Limits::from(&args.limits),
        connections_max: serving.max_connections.unwrap_or(default.connections_max),
        sockets: SocketConfig {
            sockets_max: serving.max_sockets.unwrap_or(default.sockets.sockets_max),
            ..default.sockets
        },
        bodies_bytes_max: serving.bodies_size_mb.map_or(default.bodies_bytes_max, |mb| (mb as usize) << 20),
        body_timeout: seconds(serving.body_timeout_seconds, default.body_timeout),
        idle_timeout: seconds(serving.idle_timeout_seconds, default.idle_timeout),
        feeds: FeedConfig {
            heartbeat: seconds(serving.feed_heartbeat_seconds, default.feeds.heartbeat),
            ..default.feeds
        },
        drain: seconds(serving.drain_seconds, default.drain),
        ..default
    }
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

fn chained(error: &dyn std::error::Error) -> anyhow::Error {
    anyhow::Error::msg(shard::chain(error))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Verb};
    use clap::Parser;

    fn config(flags: &[&str]) -> Config {
        let Verb::Dev(args) = Cli::parse_from([&["context-hub", "dev"], flags].concat()).verb else {
            panic!("dev was typed")
        };
        gateway_config(&args)
    }

    #[test]
    fn flags_reach_the_gateway() {
        let set = config(&[
            "--max-connections=7",
            "--max-sockets=6",
            "--bodies-size-mb=3",
            "--body-timeout-seconds=4",
            "--idle-timeout-seconds=5",
            "--drain-seconds=6",
            "--max-json-values=8",
        ]);
        assert_eq!((set.connections_max, set.sockets.sockets_max), (7, 6));
        assert_eq!((set.bodies_bytes_max, set.limits.json_values), (3 << 20, 8));
        assert_eq!([set.body_timeout, set.idle_timeout, set.drain], [4, 5, 6].map(Duration::from_secs));
    }

    #[test]
    fn a_drain_leaves_time_for_the_log() {
        assert!(Cli::try_parse_from(["context-hub", "dev", "--drain-seconds=9"]).is_err());
        assert_eq!(config(&["--drain-seconds=8"]).drain, gateway::DRAIN_MAX);
    }
}
