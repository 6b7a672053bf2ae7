//! A cluster on this machine: three nodes, a gateway, and the three etcds that they coordinate themselves with.
//!
//! All are child processes, as an operator would start them. What makes the keys is a hub of one process, started once and
//! stopped again, as it makes them for itself.

use super::{EtcdCluster, Hub, HubFiles, Launch, Process, Scratch, Stop, address};
use crate::measure::{Cores, Servers, Used};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Nodes: one for each replica.
pub const NODES: usize = 3;
/// How long a node or a gateway may take to start.
const START: Duration = Duration::from_secs(180);
/// How long shards may take to be led, and by whom they are meant to be.
const LED: Duration = Duration::from_secs(60);
/// How often it is asked who leads.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// What a node can carry, as placement counts: more than any benchmark gives it.
const CAPACITY: u32 = 1_000;
/// Of the etcds that only coordinate: a core that is full must not make them elect anew.
const PATIENT: [&str; 2] = ["--heartbeat-interval=200", "--election-timeout=2000"];

/// What a cluster is to be.
#[derive(Debug, Clone)]
pub struct ClusterPlan {
    /// The `context-hub` binary.
    pub program: PathBuf,
    /// The `etcd` binary.
    pub etcd: PathBuf,
    /// Shards, each with a replica on every node.
    pub shards: u32,
    /// Where all its processes may run.
    pub cores: Cores,
}

/// A running one.
#[derive(Debug)]
pub struct Cluster {
    plan: ClusterPlan,
    folder: PathBuf,
    keys: HubFiles,
    etcd: EtcdCluster,
    nodes: Vec<Node>,
    gateway: Process,
    addr: SocketAddr,
}

#[derive(Debug)]
struct Node {
    process: Process,
    id: u64,
}

/// The line that a node prints once it is ready.
#[derive(Deserialize)]
struct NodeReady {
    node: u64,
}

/// The line that a gateway prints.
#[derive(Deserialize)]
struct GatewayReady {
    url: String,
}

/// What `admin shards list` prints, as far as it matters.
#[derive(Deserialize)]
struct Shards {
    shards: Vec<Shard>,
}

#[derive(Deserialize)]
struct Shard {
    leader: Option<u64>,
    preferred_leader: u64,
}

/// What of a cluster used how much CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Of all nodes.
    pub nodes: Duration,
    /// Of the node that used most.
    pub busiest_node: Duration,
    /// Of the gateway.
    pub gateway: Duration,
    /// Of the etcds that it coordinates itself with.
    pub coordination: Duration,
}

impl Parts {
    /// The parts of what [`Cluster::servers`] used: nodes, the gateway, the etcds.
    pub fn of(used: &Used) -> Parts {
        let (nodes, others) = used.each.split_at(NODES.min(used.each.len()));
        let (gateway, etcds) = others.split_at(1.min(others.len()));
        Parts {
            nodes: nodes.iter().sum(),
            busiest_node: nodes.iter().max().copied().unwrap_or_default(),
            gateway: gateway.iter().sum(),
            coordination: etcds.iter().sum(),
        }
    }
}

impl Cluster {
    /// Starts it with everything in `scratch`, and waits until it serves and whoever is meant to lead leads.
    pub async fn start(plan: ClusterPlan, scratch: &Scratch) -> Result<Cluster> {
        let keys = scratch.join("keys");
        fs::create_dir(&keys)?;
        let keys = Hub::start(HubFiles::below(&keys, &plan.program)).await?.stop().await?;
        let etcd = EtcdCluster::start(&plan.etcd, scratch, "coordination", plan.cores, &PATIENT).await?;
        certify(&plan, scratch.path())?;
        let folder = scratch.path().to_owned();
        let nodes = start_nodes(&plan, &folder, &keys, &etcd.endpoints()).await?;
        let (gateway, addr) = start_gateway(&plan, &folder, &keys, &etcd.endpoints()).await?;
        let cluster = Cluster { plan, folder, keys, etcd, nodes, gateway, addr };
        cluster.settle().await?;
        Ok(cluster)
    }

    /// Stops nodes and gateway as an operator would, and starts them again with the data that they have.
    pub async fn restart(self) -> Result<Cluster> {
        let Cluster { plan, folder, keys, etcd, nodes, gateway, .. } = self;
        gateway.stop(Stop::Gently).await?;
        // One after the other would have each move its leaders to the next.
        let ended = nodes.into_iter().map(|node| node.process.stop(Stop::Gently));
        futures::future::try_join_all(ended).await?;
        let nodes = start_nodes(&plan, &folder, &keys, &etcd.endpoints()).await?;
        let (gateway, addr) = start_gateway(&plan, &folder, &keys, &etcd.endpoints()).await?;
        let cluster = Cluster { plan, folder, keys, etcd, nodes, gateway, addr };
        cluster.settle().await?;
        Ok(cluster)
    }

    /// Where its gateway listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its gateway, for its memory.
    pub fn gateway(&self) -> &Process {
        &self.gateway
    }

    /// Its nodes, for their memory.
    pub fn nodes(&self) -> impl Iterator<Item = &Process> {
        self.nodes.iter().map(|node| &node.process)
    }

    /// The folders of the nodes' data.
    pub fn data(&self) -> impl Iterator<Item = PathBuf> {
        (0..NODES).map(|number| data_of(&self.folder, number))
    }

    /// All its processes, in the order that [`Parts`] knows.
    pub fn servers(&self) -> Servers {
        let nodes = self.nodes.iter().map(|node| node.process.pid());
        nodes.chain([self.gateway.pid()]).chain(self.etcd.pids()).collect()
    }

    /// Nodes and gateway alone.
    pub fn hubs(&self) -> Servers {
        let nodes = self.nodes.iter().map(|node| node.process.pid());
        nodes.chain([self.gateway.pid()]).collect()
    }

    /// Mints a token for a user of the benchmarks' tenant.
    pub fn token(&self, user: &str) -> Result<String> {
        self.keys.token(user)
    }

    /// Gives away the process that leads a shard: whoever has it may end it.
    pub async fn take_leader(&mut self, shard: usize) -> Result<Process> {
        let shards = self.shards().await?;
        let leader = shards.get(shard).and_then(|shard| shard.leader).context("nobody leads the shard")?;
        let at = self.nodes.iter().position(|node| node.id == leader);
        Ok(self.nodes.remove(at.context("its leader is no node of ours")?).process)
    }

    /// Kills all of it: its data go away with the folder.
    pub async fn stop(self) -> Result<()> {
        self.gateway.stop(Stop::Hard).await?;
        for node in self.nodes {
            node.process.stop(Stop::Hard).await?;
        }
        self.etcd.stop().await
    }

    /// Waits until every shard is led, and by the node that is meant to; other leaders are taken after a while.
    async fn settle(&self) -> Result<()> {
        let started = Instant::now();
        loop {
            let shards = self.shards().await?;
            let led = shards.len() == self.plan.shards as usize
                && shards.iter().all(|shard| shard.leader.is_some());
            let as_meant = shards.iter().all(|shard| shard.leader == Some(shard.preferred_leader));
            let late = started.elapsed() > LED;
            ensure!(led || !late, "not every shard was led within {LED:?}");
            if led && (as_meant || late) {
                self.tell_leaders(&shards);
                return Ok(());
            }
            sleep(ASK_EVERY).await;
        }
    }

    fn tell_leaders(&self, shards: &[Shard]) {
        let leads = |node: &Node| shards.iter().filter(|shard| shard.leader == Some(node.id)).count();
        let counts: Vec<_> = self.nodes.iter().map(|node| leads(node).to_string()).collect();
        eprintln!("a cluster of {} shards is ready; its nodes lead {}", shards.len(), counts.join(", "));
    }

    async fn shards(&self) -> Result<Vec<Shard>> {
        let endpoints = self.etcd.endpoints();
        let arguments = ["admin", "shards", "list", "--json", "--etcd-endpoints", &endpoints];
        let printed = tool(&self.plan.program, &arguments)?;
        parsed::<Shards>(&printed).map(|listed| listed.shards)
    }
}

async fn start_nodes(
    plan: &ClusterPlan,
    folder: &Path,
    keys: &HubFiles,
    endpoints: &str,
) -> Result<Vec<Node>> {
    let master_key =
        fs::read_to_string(keys.data.join("master.key")).context("the hub made no master key")?;
    let launch = |number| {
        let arguments = node_arguments(plan, folder, number, endpoints, master_key.trim());
        let log = folder.join(format!("{}.log", node_name(number)));
        let launch = Launch { program: &plan.program, arguments: &arguments, log: &log, cores: plan.cores };
        Process::start(&launch)
    };
    // None is ready before the others are there.
    let started = (0..NODES).map(launch).collect::<Result<Vec<_>>>()?;
    let mut nodes = Vec::with_capacity(NODES);
    for mut process in started {
        let NodeReady { node: id } = parsed(&process.first_line(START).await?)?;
        nodes.push(Node { process, id });
    }
    Ok(nodes)
}

async fn start_gateway(
    plan: &ClusterPlan,
    folder: &Path,
    keys: &HubFiles,
    endpoints: &str,
) -> Result<(Process, SocketAddr)> {
    let arguments = gateway_arguments(folder, endpoints, &keys.data.join("signing-key.pem"));
    let log = folder.join("g1.log");
    let launch = Launch { program: &plan.program, arguments: &arguments, log: &log, cores: plan.cores };
    let mut process = Process::start(&launch)?;
    let ready: GatewayReady = parsed(&process.first_line(START).await?)?;
    Ok((process, address(&ready.url)?))
}

fn node_name(number: usize) -> String {
    format!("n{}", number + 1)
}

fn data_of(folder: &Path, number: usize) -> PathBuf {
    folder.join("data").join(node_name(number))
}

fn node_arguments(
    plan: &ClusterPlan,
    folder: &Path,
    number: usize,
    endpoints: &str,
    master_key: &str,
) -> Vec<String> {
    vec![
        "shard".to_owned(),
        "--json".to_owned(),
        format!("--name={}", node_name(number)),
        "--addr=127.0.0.1:0".to_owned(),
        "--ops-addr=127.0.0.1:0".to_owned(),
        format!("--etcd-endpoints={endpoints}"),
        format!("--certs-dir={}", folder.join("certs").display()),
        format!("--shards={}", plan.shards),
        format!("--replicas={NODES}"),
        // Each of them gets its part of the first placement.
        format!("--first-nodes={NODES}"),
        format!("--capacity={CAPACITY}"),
        format!("--master-key={master_key}"),
        format!("--data-dir={}", data_of(folder, number).display()),
    ]
}

fn gateway_arguments(folder: &Path, endpoints: &str, signing_key: &Path) -> Vec<String> {
    vec![
        "gateway".to_owned(),
        "--json".to_owned(),
        "--name=g1".to_owned(),
        "--addr=127.0.0.1:0".to_owned(),
        format!("--etcd-endpoints={endpoints}"),
        format!("--certs-dir={}", folder.join("certs").display()),
        format!("--jwt-private-key-file={}", signing_key.display()),
    ]
}

fn certify(plan: &ClusterPlan, folder: &Path) -> Result<()> {
    let certs = folder.join("certs");
    let certs = certs.to_str().with_context(|| format!("{} is not UTF-8", certs.display()))?;
    let names: Vec<_> = (0..NODES).map(node_name).collect();
    let mut arguments = vec!["admin", "certs", "--dir", certs, "--gateway", "g1"];
    arguments.extend(names.iter().flat_map(|name| ["--shard", name]));
    tool(&plan.program, &arguments).map(drop)
}

/// Runs a verb that ends by itself; what it printed.
fn tool(program: &Path, arguments: &[&str]) -> Result<String> {
    let output = std::process::Command::new(program).args(arguments).output()?;
    if !output.status.success() {
        bail!("context-hub {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn parsed<T: DeserializeOwned>(line: &str) -> Result<T> {
    serde_json::from_str(line).with_context(|| format!("not what was expected: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_is_told_apart() {
        let each = [5, 9, 4, 3, 1, 1, 2].map(Duration::from_millis).to_vec();
        let used = Used { server_cpu: each.iter().sum(), each, ..Used::default() };
        let [nodes, busiest_node, gateway, coordination] = [18, 9, 3, 4].map(Duration::from_millis);
        assert_eq!(Parts::of(&used), Parts { nodes, busiest_node, gateway, coordination });
        let hubs = Used { each: used.each[..4].to_vec(), ..Used::default() };
        assert_eq!(Parts::of(&hubs).coordination, Duration::ZERO);
    }

    #[test]
    fn nodes_share_everything_but_their_names_and_data() {
        let plan = ClusterPlan { program: "hub".into(), etcd: "etcd".into(), shards: 7, cores: Cores::Both };
        let of = |number| node_arguments(&plan, Path::new("/d"), number, "http://127.0.0.1:1", "00");
        let (first, second) = (of(0), of(1));
        let different = first.iter().zip(&second).filter(|(a, b)| a != b).map(|(a, _)| a.as_str());
        assert_eq!(different.collect::<Vec<_>>(), ["--name=n1", "--data-dir=/d/data/n1"]);
        assert!(first.contains(&"--shards=7".to_owned()));
    }

    #[test]
    fn leaders_are_read_from_what_admin_prints() {
        let printed = r#"{"shards":[{"shard":0,"leader":5,"term":2,"voters":[4,5],"desired":[4,5],"preferred_leader":4},
            {"shard":1,"leader":null,"term":null,"voters":null,"desired":[4,5],"preferred_leader":5}]}"#;
        let shards = parsed::<Shards>(printed).unwrap().shards;
        assert_eq!((shards[0].leader, shards[0].preferred_leader), (Some(5), 4));
        assert_eq!(shards[1].leader, None);
    }
}
