//! Starting: everything that a node needs before it serves. Until it joins nobody counts on it; from then on, what fails is
//! undone.

use super::identity::{self, asked};
use super::ready::{self, Ready};
use super::{ops, reports, upkeep};
use crate::cli::ShardArgs;
use crate::member::{self, Contact};
use crate::node;
use crate::process::{Ended, prometheus};
use anyhow::{Context, Result};
use base::{NodeId, ShardId};
use cluster::controller::{Controller, Rules};
use cluster::membership::Membership;
use cluster::state::NodeSpec;
use cluster::view::{ClusterView, ViewTask};
use rpc::transport::tls::{Credentials, Role};
use rpc::transport::{Hub, Peers, Server, Services};
use rpc::{Health, Shards};
use shard::raft::AuditPolicy;
use shard::{Member, Node, NodeOptions, NodeService, Owner, Place, Policy};
use std::collections::BTreeMap;
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
    let prepared = tokio::select! {
        prepared = prepare(args, &stop) => prepared?,
        () = ended.wait() => {
            stop.cancel();
            return Ok(None);
        }
    };
    let entering = enter(prepared, stop.clone());
    tokio::pin!(entering);
    tokio::select! {
        entered = &mut entering => return entered.map(Some),
        () = ended.wait() => stop.cancel(),
    }
    // The others may count on this node already. What was begun ends by itself soon, or is undone.
    if let Ok(running) = entering.await {
        super::stop(running).await;
    }
    Ok(None)
}

/// A node that has its folder and has not joined: nobody counts on it.
struct Prepared {
    name: String,
    place: String,
    spec: NodeSpec,
    whose: Owner,
    node: Node,
    server: Server,
    peers: Arc<Peers>,
    contact: Contact,
    rules: Rules,
    cluster: ClusterView,
    view: ViewTask,
    ops: ops::Ops,
    opened: Arc<OnceLock<Opened>>,
}

async fn prepare(args: &ShardArgs, stop: &CancellationToken) -> Result<Prepared> {
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
    let service: ops::Opening = Arc::new(move || node_of.get().map(|opened| opened.service.clone()));
    let ops = ops::Ops::start(args.ops_addr, readiness(opened.clone()), service, prometheus()?)
        .await
        .with_context(|| format!("cannot listen on {}", args.ops_addr))?;
    let contact = Contact::new(&args.contact)?;

    let whose = identity::settle(args, &master, &contact.members(), stop).await?;
    let (cluster, view) = ClusterView::start(contact.coordinator.clone(), contact.keys.clone());
    // Who this node is, is on its disk before anybody hears of it; and that its folder is no other process's is known.
    let (node, peers) = open(args, whose, credentials.clone(), master, &cluster).await?;
    let service = Arc::new(node.service());
    let hub = Hub { shards: service.clone(), live: service.clone(), tickets: service };
    let services = Services {
        node: whose.node,
        directory: member::directory(&cluster),
        replicas: node.replicas(),
        hub: Some(hub),
    };
    let server = Server::start(socket, credentials, services)?;
    let spec = NodeSpec {
        name: name.clone(),
        zone: args.zone.clone(),
        capacity: args.capacity,
        address: place.clone(),
        prefers: args.shard_id.map(ShardId),
        holds_data: !node.shards_on_disk().is_empty(),
    };
    let rules = Rules { first_nodes: args.first_nodes, ..Rules::default() };
    Ok(Prepared { name, place, spec, whose, node, server, peers, contact, rules, cluster, view, ops, opened })
}

/// Joins the cluster, and begins the replicas that are placed here.
async fn enter(prepared: Prepared, stop: CancellationToken) -> Result<Running> {
    let Owner { node: id, cluster: of } = prepared.whose;
    let (members, spec) = (prepared.contact.members(), &prepared.spec);
    let join = async || members.join(id, of, spec.clone(), LEASE).await;
    let membership = match asked(member::until_answered(&stop, join).await) {
        Ok(membership) => membership,
        Err(error) => {
            prepared.withdraw().await;
            return Err(error);
        }
    };
    let Prepared { name, place, node, server, peers, contact, rules, cluster, view, ops, opened, .. } =
        prepared;
    let Contact { coordinator, keys } = contact.clone();
    let controller = Controller::start(coordinator, keys, cluster.clone(), &name, rules);
    let (node, tasks) = (Arc::new(node), TaskTracker::new());
    let running =
        Running { name, place, node, server, peers, membership, controller, cluster, view, ops, stop, tasks };
    for (shard, replica) in upkeep::replicas_of(&running.cluster.now(), id) {
        if let Err(error) = running.node.add_replica(shard, replica).await {
            super::stop(running).await;
            return Err(node::chained(&error));
        }
    }
    let Running { node, cluster, stop, tasks, .. } = &running;
    // Nobody else fills it.
    let _first = opened.set(Opened { id, cluster: cluster.clone(), service: node.service() });
    tasks.spawn(upkeep::keep(node.clone(), cluster.clone(), stop.clone()));
    tasks.spawn(reports::keep(node.clone(), contact, cluster.clone(), stop.clone()));
    tasks.spawn(node::observe(node.service(), stop.clone()));
    Ok(running)
}

impl Prepared {
    /// Ends what was begun.
    async fn withdraw(self) {
        self.server.close().await;
        self.view.stop().await;
        self.ops.stop().await;
        self.node.stop().await;
        self.peers.close().await;
    }
}

/// Opens the node's folder. Its replicas begin when it has joined.
async fn open(
    args: &ShardArgs,
    whose: Owner,
    credentials: Arc<Credentials>,
    master: MasterKey,
    cluster: &ClusterView,
) -> Result<(Node, Arc<Peers>)> {
    let mut waiting = cluster.clone();
    let known = waiting.wait_for(|now| now.revision() > 0).await.context("nobody follows etcd any more")?;
    let peers = Arc::new(Peers::new(whose.node, credentials, member::directory(cluster)));
    let place = Place::Member(Member {
        node: whose.node,
        cluster: whose.cluster,
        slots: known.slots().map(|slots| (**slots).clone()),
        replicas: BTreeMap::new(),
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
        let mut shown = ready::shown(&standing, &health);
        if cluster.contact().is_estranged() {
            shown["estranged"] = "etcd has lost this cluster, or keeps another one: restore it".into();
        }
        (standing.ready, shown)
    })
}

/// Whether everything is placed and all that placement gives this node runs, and what does not.
fn standing(cluster: &ClusterView, id: NodeId, health: &Health) -> Ready {
    let now = cluster.now();
    let placed: Option<Vec<_>> =
        now.slots().is_some().then(|| upkeep::replicas_of(&now, id).into_keys().collect());
    ready::ready(placed.as_deref(), health)
}
