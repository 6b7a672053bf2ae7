//! `context-hub gateway`: serves the clients of a cluster, and keeps nothing.
//!
//! It listens before etcd answers and while etcd is away: what it learned of the cluster stays, and what it has not learned
//! yet is unavailable until it has.

use crate::cli::GatewayArgs;
use crate::member::{self, Contact};
use crate::process::{Ended, prometheus};
use crate::secrets::given_signing_key;
use crate::{logging, process, serving};
use anyhow::Result;
use base::ShardId;
use cluster::view::{ClusterView, ViewTask};
use gateway::auth::{Issuer, Verifier};
use gateway::reach::{Map, Pool, PoolConfig, Reach};
use gateway::{Gateway, Services};
use rpc::transport::tls::Role;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the first clients may have to wait for what etcd says; after that they are told that nothing is known yet.
const FIRST_LOOK: Duration = Duration::from_secs(5);

/// Runs until SIGTERM or SIGINT.
pub fn run(args: GatewayArgs) -> Result<ExitCode> {
    logging::start(args.log_format);
    process::run(serve(args))
}

async fn serve(args: GatewayArgs) -> Result<()> {
    let mut ended = Ended::listen()?;
    let running = tokio::select! {
        running = start(&args) => running?,
        () = ended.wait() => return Ok(()),
    };
    announce(&args, &running);
    ended.wait().await;
    running.stop().await;
    Ok(())
}

/// A gateway, and all that it runs with.
struct Running {
    name: String,
    gateway: Gateway,
    reach: Arc<Reach>,
    pool: Pool,
    view: ViewTask,
    /// Ends the tasks.
    stop: CancellationToken,
    tasks: TaskTracker,
}

async fn start(args: &GatewayArgs) -> Result<Running> {
    let name = member::name(&args.member)?;
    let credentials = member::credentials(&args.member, Role::Gateway)?;
    let signing = given_signing_key(&args.secrets())?;
    let verifier = Verifier::from_keys([signing.public().clone()]);
    let prometheus = prometheus()?;
    let contact = Contact::new(&args.contact)?;
    let (mut cluster, view) = ClusterView::start(contact.coordinator, contact.keys);
    if timeout(FIRST_LOOK, cluster.wait_for(|now| now.revision() > 0)).await.is_err() {
        tracing::warn!("etcd does not answer yet; requests wait for it");
    }

    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let (map, mapped) = watch::channel(Arc::new(member::map_of(&cluster.now())));
    let (directory, listed) = watch::channel(Arc::new(member::addresses(&cluster.now())));
    let keeping = member::keep(cluster.clone(), move |now| {
        member::replace(&map, member::map_of(now));
        member::replace(&directory, member::addresses(now));
    });
    let keeping = stop.clone().run_until_cancelled_owned(keeping);
    tasks.spawn(async move {
        keeping.await;
    });
    let pool = Pool::start(PoolConfig {
        directory: listed,
        credentials,
        shard_of: shard_of(mapped.clone()),
        view_bytes: args.cache_size_mb << 20,
    });
    let reach = Arc::new(Reach::new(mapped, pool.nodes()));
    let services = Services {
        shards: reach.clone(),
        live: reach.clone(),
        tickets: reach.clone(),
        verifier,
        issuer: Arc::new(Issuer::new(signing)),
    };
    let config = serving::config(args.addr, &args.serving, &args.limits);
    let gateway = gateway::start(config, services, prometheus).await?;
    Ok(Running { name, gateway, reach, pool, view, stop, tasks })
}

/// Which shard holds a slot, for refusals that are made here; the first one as long as nobody knows.
fn shard_of(map: watch::Receiver<Arc<Map>>) -> rpc::transport::ShardOf {
    Arc::new(move |slot| map.borrow().shard_of(slot).unwrap_or(ShardId(0)))
}

impl Running {
    /// Clients get the answers to what they asked; then everything ends.
    async fn stop(self) {
        tracing::info!("stopping: no new requests are taken");
        let Running { gateway, reach, pool, view, stop, tasks, .. } = self;
        gateway.stop().await;
        reach.close().await;
        pool.close().await;
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        view.stop().await;
        tracing::info!("stopped");
    }
}

fn announce(args: &GatewayArgs, running: &Running) {
    let (name, url) = (&running.name, format!("http://{}", running.gateway.local_addr()));
    if args.json {
        let ready =
            serde_json::json!({ "event": "ready", "name": name, "url": url, "pid": std::process::id() });
        println!("{ready}");
    } else {
        println!("Gateway {name} serves clients at {url}; {url}/readyz says how the cluster is.");
    }
}
