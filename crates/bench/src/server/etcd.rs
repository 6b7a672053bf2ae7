//! A single-member etcd on loopback, with its own defaults: the peer for durable writes.

use super::{Launch, Process, Scratch, Stop};
use crate::measure::SERVER_CORE;
use anyhow::{Context, Result};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long it may take to start.
const START: Duration = Duration::from_secs(30);

/// A running etcd.
#[derive(Debug)]
pub struct Etcd {
    process: Process,
    addr: SocketAddr,
}

impl Etcd {
    /// Starts it with its data in `scratch`.
    pub async fn start(program: &Path, scratch: &Scratch) -> Result<Etcd> {
        let (clients, peers) = (free_addr()?, free_addr()?);
        let arguments = [
            format!("--data-dir={}", scratch.join("etcd").display()),
            format!("--listen-client-urls=http://{clients}"),
            format!("--advertise-client-urls=http://{clients}"),
            format!("--listen-peer-urls=http://{peers}"),
            format!("--initial-advertise-peer-urls=http://{peers}"),
            format!("--initial-cluster=default=http://{peers}"),
            "--log-level=error".to_owned(),
        ];
        let log = scratch.join("etcd.log");
        let launch = Launch { program, arguments: &arguments, log: &log, core: Some(SERVER_CORE) };
        let mut process = Process::start(&launch).context("is the package etcd-server installed?")?;
        process.wait_until(START, async || TcpStream::connect(clients).await.is_ok()).await?;
        Ok(Etcd { process, addr: clients })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The process, for its clocks.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Kills it: its data go away with the folder.
    pub async fn stop(self) -> Result<()> {
        self.process.stop(Stop::Hard).await
    }
}

/// A port that was free a moment ago: etcd cannot be asked which one it took.
fn free_addr() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
