//! Starting: who this node is, and everything that it needs before it serves.

use super::ready::{self, Ready};
use super::{ops, reports, upkeep};
use crate::cli::ShardArgs;
use crate::member::{self, Contact};
use crate::node;
use crate::process::{Ended, prometheus};
use anyhow::{Context, Result, bail};
use base::{NodeId, ShardId};
use cluster::controller::{Controller, Rules};
use cluster::membership::{Members, Membership, MembershipError};
use cluster::state::{ClusterConfig, NodeSpec};
use cluster::view::{ClusterView, ViewTask};
use rpc::transport::tls::{Credentials, Role};
use rpc::transport::{Hub, Peers, Server, Services};
use rpc::{Health, Shards};
use shard::raft::AuditPolicy;
use shard::{Member, Node, NodeOptions, NodeService, Place, Policy};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vault::MasterKey;

/// How long nothing may be heard of a node before it counts as down.
const LEASE: Duration = Duration::from_secs(10);
/// How often it is looked whether the node is ready.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A node that runs, and all that it runs with.
pub struct Running {
    pub name: String,
    /// Where others are told to come.
    pub place: String,
    pub node: Arc<Node>,
    pub server: Server,
    pub peers: Arc<Peers>,
    pub membership: Membership,
    pub controller: Controller,
    pub cluster: ClusterView,
    pub view: ViewTask,
    pub ops: ops::Ops,
    /// Ends the tasks.
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
}

impl Running {
    /// Waits until every replica that placement gives this node runs, or is broken.
    pub async fn until_ready(&self) {
        while !standing(&self.cluster, self.node.id(), &self.node.service().health()).ready {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// Starts everything; `None` if the process was ended meanwhile.
pub async fn start(args: &ShardArgs, ended: &mut Ended) -> Result<Option<Running>> {
    let stop = CancellationToken::new();
    tokio::select! {
        running = begin(args, stop.clone()) => running.map(Some),
        () = ended.wait() => {
            stop.cancel();
            Ok(None)
        }
    }
}

async fn begin(args: &ShardArgs, stop: CancellationToken) -> Result<Running> {
    let name = member::name(&args.member)?;
    let credentials = member::credentials(&args.member, Role::Node)?;
    let master = MasterKey::from_hex(&args.master_key, "MASTER_KEY")?;
    let data_dir = &args.storage.data_dir;
    node::make_folder(data_dir)
        .with_context(|| format!("cannot make the data folder {}", data_dir.display()))?;
    let socket =
        TcpListener::bind(args.addr).await.with_context(|| format!("cannot listen on {}", args.addr))?;
    let place = match &args.advertise {
        Some(place) => place.clone(),
        None => socket.local_addr()?.to_string(),
    };
    // Before the coordinator is waited for: who looks after processes sees that this one lives.
    let opened = Arc::new(OnceLock::<Opened>::new());
    let node_of = opened.clone();
    let node: ops::Opening = Arc::new(move || node_of.get().map(|opened| opened.service.clone()));
    let ops = ops::Ops::start(args.ops_addr, readiness(opened.clone()), node, prometheus()?)
        .await
        .with_context(|| format!("cannot listen on {}", args.ops_addr))?;
    let contact = Contact::new(&args.contact)?;
    let members = contact.members();

    configure(args, &master, &members, &stop).await?;
    let id = identity(args, &members, &stop).await?;
    let (cluster, view) = ClusterView::start(contact.coordinator.clone(), contact.keys.clone());
    let spec = NodeSpec {
        name: name.clone(),
        zone: args.zone.clone(),
        capacity: args.capacity,
        address: place.clone(),
        prefers: args.shard_id.map(ShardId),
    };
    let membership =
        asked(member::until_answered(&stop, async || members.join(id, spec.clone(), LEASE).await).await)?;
    let rules = Rules { first_nodes: args.first_nodes, ..Rules::default() };
    let controller =
        Controller::start(contact.coordinator.clone(), contact.keys.clone(), cluster.clone(), &name, rules);

    let (node, peers) = open(args, id, credentials.clone(), master, &cluster).await?;
    let node = Arc::new(node);
    let service = Arc::new(node.service());
    let hub = Hub { shards: service.clone(), live: service.clone(), tickets: service.clone() };
    let services = Services {
        node: id,
        directory: member::directory(&cluster),
        replicas: node.replicas(),
        hub: Some(hub),
    };
    let server = Server::start(socket, credentials, services)?;
    // Nobody else fills it.
    let _first = opened.set(Opened { id, cluster: cluster.clone(), service: node.service() });
    let tasks = TaskTracker::new();
    tasks.spawn(upkeep::keep(node.clone(), cluster.clone(), stop.clone()));
    tasks.spawn(reports::keep(node.clone(), contact, stop.clone()));
    tasks.spawn(node::observe(node.service(), stop.clone()));
    Ok(Running { name, place, node, server, peers, membership, controller, cluster, view, ops, stop, tasks })
}

/// Makes sure that this node agrees with the others about what is decided once.
async fn configure(
    args: &ShardArgs,
    master: &MasterKey,
    members: &Members,
    stop: &CancellationToken,
) -> Result<()> {
    let key = u64::from_be_bytes(master.key().id().0);
    let config = ClusterConfig { shards: args.shards, replicas: args.replicas, master_key: Some(key) };
    let holds = asked(member::until_answered(stop, async || members.configure(config).await).await)?;
    if holds.master_key != Some(key) {
        bail!("MASTER_KEY is not the one of this cluster: give every node the same key");
    }
    if (holds.shards, holds.replicas) != (config.shards, config.replicas) {
        let ClusterConfig { shards, replicas, .. } = holds;
        tracing::info!(
            shards,
            replicas,
            "this cluster was made with other numbers of shards and replicas, which stay"
        );
    }
    Ok(())
}

/// Who this node is: as its folder says, or somebody new.
async fn identity(args: &ShardArgs, members: &Members, stop: &CancellationToken) -> Result<NodeId> {
    match shard::node_of_folder(&args.storage.data_dir).map_err(|error| node::chained(&error))? {
        Some(id) => Ok(id),
        None => asked(member::until_answered(stop, async || members.new_id().await).await),
    }
}

fn asked<T>(answer: Option<Result<T, MembershipError>>) -> Result<T> {
    answer.context("the process was ended")?.map_err(|error| node::chained(&error))
}

/// Opens the node's folder, once it is known what is there already. What is placed later comes then.
async fn open(
    args: &ShardArgs,
    id: NodeId,
    credentials: Arc<Credentials>,
    master: MasterKey,
    cluster: &ClusterView,
) -> Result<(Node, Arc<Peers>)> {
    let mut waiting = cluster.clone();
    let known = waiting.wait_for(|now| now.revision() > 0).await.context("nobody follows etcd any more")?;
    let peers = Arc::new(Peers::new(id, credentials, member::directory(cluster)));
    let place = Place::Member(Member {
        node: id,
        slots: known.slots().map(|slots| (**slots).clone()),
        replicas: upkeep::replicas_of(&known, id),
        peers: peers.clone(),
        snapshot_bytes_per_second: args.snapshot_mb_per_second << 20,
    });
    let audit = AuditPolicy { every: Duration::from_secs(60 * u64::from(args.audit_minutes)) };
    let options = node::options(place, &args.storage, &args.limits);
    let options = NodeOptions { policy: Policy { audit, ..options.policy }, ..options };
    let node = Node::start(options, master).await.map_err(|error| node::chained(&error))?;
    Ok((node, peers))
}

/// A node that is open, as operators look at it.
struct Opened {
    id: NodeId,
    cluster: ClusterView,
    service: NodeService,
}

/// How the node is, from the first moment on.
fn readiness(opened: Arc<OnceLock<Opened>>) -> ops::Readiness {
    Arc::new(move || {
        let Some(Opened { id, cluster, service }) = opened.get() else {
            return (
                false,
                serde_json::json!({ "ready": false, "waiting": "for etcd, and for the first placement" }),
            );
        };
        let health = service.health();
        let standing = standing(cluster, *id, &health);
        (standing.ready, ready::shown(&standing, &health))
    })
}

/// Whether everything is placed and all that placement gives this node runs, and what does not.
fn standing(cluster: &ClusterView, id: NodeId, health: &Health) -> Ready {
    let now = cluster.now();
    let placed: Option<Vec<_>> =
        now.slots().is_some().then(|| upkeep::replicas_of(&now, id).into_keys().collect());
    ready::ready(placed.as_deref(), health)
}
