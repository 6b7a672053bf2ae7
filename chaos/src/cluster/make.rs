//! Makes a cluster, or goes on with one that is there.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use super::network::Network;
use super::state::{Lock, Member, Role, State};
use super::{Cluster, Say, keys, members, ports};

/// As many as etcd needs to lose one.
const ETCDS: usize = 3;
/// The ports of members that have an address of their own: that of their clients, and the other one.
const ETCD_PORTS: (u16, u16) = (2379, 2380);
const NODE_PORTS: (u16, u16) = (7400, 7401);
const GATEWAY_PORT: u16 = 8080;

/// What a cluster is to be.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Everything of it is here.
    pub folder: PathBuf,
    /// The program of its nodes and gateways.
    pub binary: PathBuf,
    /// How many nodes.
    pub nodes: usize,
    /// How many gateways.
    pub gateways: usize,
    /// How many shards.
    pub shards: u32,
    /// How many replicas of each.
    pub replicas: u32,
    /// Whether each member has a network namespace of its own, so that it can be cut off. Needs root.
    pub netns: bool,
    /// Environment variables of nodes and gateways.
    pub env: Vec<(String, String)>,
    /// More flags of every node.
    pub node_flags: Vec<String>,
    /// More flags of every gateway.
    pub gateway_flags: Vec<String>,
}

impl Spec {
    /// Five nodes and two gateways on loopback.
    pub fn new(binary: &Path, folder: &Path) -> Spec {
        Spec {
            folder: folder.to_owned(),
            binary: binary.to_owned(),
            nodes: 5,
            gateways: 2,
            shards: 32,
            replicas: 3,
            netns: false,
            env: Vec::new(),
            node_flags: Vec::new(),
            gateway_flags: Vec::new(),
        }
    }

    /// Makes this what the cluster that is in the folder is, if there is one.
    pub fn take_over(&mut self) -> anyhow::Result<()> {
        if let Some(state) = State::load(&self.folder)? {
            self.nodes = state.with(Role::Node).count();
            self.gateways = state.with(Role::Gateway).count();
            (self.shards, self.replicas) = (state.shards, state.replicas);
            self.netns = state.network.is_some();
            (self.env, self.node_flags, self.gateway_flags) =
                (state.env, state.node_flags, state.gateway_flags);
        }
        Ok(())
    }
}

impl Cluster {
    /// Starts a cluster and waits until all of it is ready. One that is in this folder already is gone on with: who does
    /// not run is started, with the data, ports and settings that are there; missing nodes and gateways are added.
    ///
    /// What does not come up is ended again, unless some of it ran before.
    pub async fn up(spec: &Spec, say: Say) -> anyhow::Result<Cluster> {
        let mut cluster = Cluster::found(spec, say)?;
        cluster.stays = cluster.anybody_runs()?;
        cluster.enlist_all(spec)?;
        if let Some(network) = &cluster.state.network {
            network.ensure(&cluster.state.cuts)?;
        }
        say("making keys and certificates");
        keys::make(&cluster.folder, &cluster.state.binary).await?;
        keys::certify(&cluster.folder, &cluster.state).await?;
        for role in [Role::Etcd, Role::Node, Role::Gateway] {
            let names = cluster.state.names(role);
            cluster.start(&names).await?;
        }
        cluster.stays = false;
        Ok(cluster)
    }

    /// Adds a node, and waits until it is ready; its name is returned.
    pub async fn add_node(&mut self) -> anyhow::Result<String> {
        let name = self.enlist(Role::Node)?;
        if let Some(network) = &self.state.network {
            network.ensure(&self.state.cuts)?;
        }
        keys::certify(&self.folder, &self.state).await?;
        self.start(std::slice::from_ref(&name)).await?;
        Ok(name)
    }

    fn found(spec: &Spec, say: Say) -> anyhow::Result<Cluster> {
        ensure!(spec.nodes > 0 && spec.gateways > 0, "a cluster needs a node and a gateway");
        let binary = spec.binary.canonicalize();
        let binary =
            binary.with_context(|| format!("{} is missing: build it first", spec.binary.display()))?;
        // Keys are in it.
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&spec.folder);
        made.with_context(|| format!("cannot make {}", spec.folder.display()))?;
        let folder = spec.folder.canonicalize()?;
        let lock = Lock::take(&folder, || say("another process works on this cluster; waiting for it"))?;
        let state = match State::load(&folder)? {
            Some(state) => gone_on_with(state, spec, binary)?,
            None => new(spec, &folder, binary)?,
        };
        Ok(Cluster { folder, state, say, stays: true, lock: Some(lock) })
    }

    fn anybody_runs(&self) -> anyhow::Result<bool> {
        for process in self.state.members.iter().filter_map(|member| member.process.as_ref()) {
            if process.is_there()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn enlist_all(&mut self, spec: &Spec) -> anyhow::Result<()> {
        for (role, wanted) in [(Role::Etcd, ETCDS), (Role::Node, spec.nodes), (Role::Gateway, spec.gateways)]
        {
            while self.state.with(role).count() < wanted {
                self.enlist(role)?;
            }
        }
        self.save()
    }

    /// Gives a new member its name, addresses and folders.
    fn enlist(&mut self, role: Role) -> anyhow::Result<String> {
        let name = match role {
            Role::Etcd => format!("e{}", self.state.with(role).count() + 1),
            Role::Gateway => format!("g{}", self.state.with(role).count() + 1),
            Role::Node => {
                self.state.last_node += 1;
                format!("n{}", self.state.last_node)
            }
        };
        let (addr, side) = self.addresses(&name, role)?;
        let data = (role != Role::Gateway).then(|| members::folder(&self.folder, &name));
        let logs = self.folder.join("logs");
        data.iter().chain([&logs]).try_for_each(fs::create_dir_all)?;
        self.state.members.push(Member {
            name: name.clone(),
            role,
            addr,
            side,
            folder: data,
            out: logs.join(format!("{name}.out")),
            log: logs.join(format!("{name}.log")),
            process: None,
        });
        self.save()?;
        Ok(name)
    }

    fn addresses(&mut self, name: &str, role: Role) -> anyhow::Result<(SocketAddr, Option<SocketAddr>)> {
        if let Some(network) = &mut self.state.network {
            let address = network.join(name)?;
            let of = |port: u16| SocketAddr::from((address, port));
            return Ok(match role {
                Role::Etcd => (of(ETCD_PORTS.0), Some(of(ETCD_PORTS.1))),
                Role::Node => (of(NODE_PORTS.0), Some(of(NODE_PORTS.1))),
                Role::Gateway => (of(GATEWAY_PORT), None),
            });
        }
        let taken: Vec<u16> = self.state.members.iter().flat_map(Member::ports).collect();
        let found = ports::free(2, &taken).context("cannot find free ports")?;
        Ok((found[0], (role != Role::Gateway).then_some(found[1])))
    }
}

fn new(spec: &Spec, folder: &Path, binary: PathBuf) -> anyhow::Result<State> {
    let mut state = State::new(binary, spec.shards, spec.replicas)?;
    state.network = if spec.netns { Some(Network::new(folder)?) } else { None };
    state.env = spec.env.clone();
    state.node_flags = spec.node_flags.clone();
    state.gateway_flags = spec.gateway_flags.clone();
    Ok(state)
}

/// What a cluster was made with stays; only the program may be another one by now.
fn gone_on_with(mut state: State, spec: &Spec, binary: PathBuf) -> anyhow::Result<State> {
    if state.network.is_some() != spec.netns {
        let (was, flag) = if spec.netns { ("without", "leave out") } else { ("with", "give") };
        bail!("this cluster was made {was} network namespaces: {flag} --netns, or take another folder");
    }
    let count = |role| state.with(role).count();
    let (nodes, gateways) = (count(Role::Node), count(Role::Gateway));
    ensure!(
        nodes <= spec.nodes && gateways <= spec.gateways,
        "this cluster has {nodes} nodes and {gateways} gateways already: ask for as many, or take another folder"
    );
    ensure!(
        (state.shards, state.replicas) == (spec.shards, spec.replicas),
        "this cluster has {} shards of {} replicas: ask for as many, or take another folder",
        state.shards,
        state.replicas
    );
    ensure!(
        (&state.env, &state.node_flags, &state.gateway_flags)
            == (&spec.env, &spec.node_flags, &spec.gateway_flags),
        "this cluster was made with other flags or variables: leave them out, or take another folder"
    );
    state.binary = binary;
    Ok(state)
}
