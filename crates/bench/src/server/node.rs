//! The public servers that sync is measured against: automerge-repo's and Hocuspocus, from npm at pinned versions.

use super::{Launch, Process, Scratch, Stop};
use crate::measure::{Cores, SERVER_CORE};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one may take to start.
const START: Duration = Duration::from_secs(60);

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeServer {
    /// automerge-repo's sync server, with its files in the scratch folder.
    AutomergeRepo,
    /// Hocuspocus; keeps nothing.
    Hocuspocus,
}

impl NodeServer {
    fn script(self) -> &'static str {
        match self {
            NodeServer::AutomergeRepo => "automerge-repo.mjs",
            NodeServer::Hocuspocus => "hocuspocus.mjs",
        }
    }
}

/// A running one.
#[derive(Debug)]
pub struct NodePeer {
    process: Process,
    addr: SocketAddr,
}

impl NodePeer {
    /// Starts it from the folder with the scripts and their packages, on the servers' core.
    pub async fn start(server: NodeServer, peers: &Path, scratch: &Scratch) -> Result<NodePeer> {
        ensure!(
            peers.join("node_modules").is_dir(),
            "the packages in {} are missing: run scripts/bench, which installs them, or npm ci there",
            peers.display()
        );
        let script = peers.join(server.script());
        let data =
            scratch.join(script.file_stem().context("a script has a name")?.to_str().context("UTF-8")?);
        fs::create_dir_all(&data)?;
        let arguments = [text(&script)?, text(&data)?];
        let log = data.with_extension("log");
        let program = PathBuf::from("node");
        let launch =
            Launch { program: &program, arguments: &arguments, log: &log, cores: Cores::One(SERVER_CORE) };
        let mut process = Process::start(&launch)?;
        let line = process.first_line(START).await?;
        let addr = line.parse().with_context(|| format!("not an address: {line}"))?;
        Ok(NodePeer { process, addr })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The process, for its clocks.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Kills it: nothing of it is read again.
    pub async fn stop(self) -> Result<()> {
        self.process.stop(Stop::Hard).await
    }
}

fn text(path: &Path) -> Result<String> {
    Ok(path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?.to_owned())
}
