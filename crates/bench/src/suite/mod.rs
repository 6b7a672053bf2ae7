//! The benchmarks: what one operation is on either side, and what must hold.

mod agents;
mod arrivals;
mod claims;
mod cluster_writes;
mod creates;
mod groups;
mod history;
mod hop;
mod idle;
mod log;
mod million;
mod observers;
mod owners;
mod prose;
mod reads;
mod relay;
mod typists;
mod writers;

use crate::measure::{Cores, Load, Report, SERVER_CORE};
use crate::server::{ClusterPlan, HubFiles, Scratch};
use anyhow::Result;
use std::path::PathBuf;
use std::time::Duration;

/// Clients of the benchmarks that load a server, each with one request in flight.
const CONNECTIONS: usize = 64;

/// What every benchmark is told.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The `context-hub` binary.
    pub hub: PathBuf,
    /// The `etcd` binary.
    pub etcd: PathBuf,
    /// A folder on the disk to be measured; data go below it and away afterwards.
    pub folder: PathBuf,
    /// The folder with the peers from npm, installed.
    pub peers: PathBuf,
    /// The length of a window.
    pub window: Duration,
    /// Whether to see only that a benchmark runs: few sockets, clients and shards, short histories. Its figures mean nothing.
    pub quick: bool,
    /// Whether a cluster and its peer run on both cores, the client's too; benchmarks of clusters alone.
    pub both_cores: bool,
}

impl Setting {
    /// A hub with its data in a scratch folder, on the servers' core.
    fn hub_in(&self, scratch: &Scratch) -> HubFiles {
        HubFiles::below(scratch.path(), &self.hub).on(Cores::One(SERVER_CORE))
    }

    /// A cluster with a replica of each shard on every node.
    fn cluster(&self, shards: u32) -> ClusterPlan {
        let cores = self.cores();
        ClusterPlan { program: self.hub.clone(), etcd: self.etcd.clone(), shards, cores }
    }

    /// Where clusters and their peers run.
    fn cores(&self) -> Cores {
        if self.both_cores { Cores::Both } else { Cores::One(SERVER_CORE) }
    }

    fn load(&self) -> Load {
        Load { warm_up: self.window / 5, window: self.window }
    }
}

/// Which benchmark.
#[derive(Debug, Clone, Copy)]
pub enum Benchmark {
    /// Group commit of the log against a bare loop.
    Log,
    /// Durable creates against puts into etcd.
    Creates,
    /// Reads against a bare server.
    Reads,
    /// Edits at a long history against edits at a short one.
    History,
    /// Memory and start with many documents.
    Million(Million),
    /// Passing on single changes, against automerge-repo and Hocuspocus.
    Relay,
    /// A hundred people in one document.
    Typists,
    /// A person among fifty agents.
    Agents,
    /// Sockets at rest.
    Idle,
    /// One document with many readers.
    Observers,
    /// Durable creates in a cluster against puts into an etcd of three.
    ClusterWrites,
    /// Many Raft groups, loaded and at rest.
    Groups,
    /// A hot read through a gateway.
    Hop,
    /// The source document's table.
    Claims,
}

/// How much of [`Benchmark::Million`].
#[derive(Debug, Clone, Copy)]
pub struct Million {
    /// Documents to store.
    pub documents: u64,
    /// Rest before memory is looked at.
    pub rest: Duration,
}

/// Runs one benchmark.
pub async fn run(benchmark: Benchmark, setting: &Setting, report: &mut Report) -> Result<()> {
    match benchmark {
        Benchmark::Log => log::run(setting, report).await,
        Benchmark::Creates => creates::run(setting, report).await,
        Benchmark::Reads => reads::run(setting, report).await,
        Benchmark::History => history::run(setting, report).await,
        Benchmark::Million(million) => million::run(setting, million, report).await,
        Benchmark::Relay => relay::run(setting, report).await,
        Benchmark::Typists => typists::run(setting, report).await,
        Benchmark::Agents => agents::run(setting, report).await,
        Benchmark::Idle => idle::run(setting, report).await,
        Benchmark::Observers => observers::run(setting, report).await,
        Benchmark::ClusterWrites => cluster_writes::run(setting, report).await,
        Benchmark::Groups => groups::run(setting, report).await,
        Benchmark::Hop => hop::run(setting, report).await,
        Benchmark::Claims => claims::run(setting, report).await,
    }
}
