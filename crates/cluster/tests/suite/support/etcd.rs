//! A real etcd of one member on loopback, with its data in a folder that goes with it.

use cluster::coordinator::{Etcd, EtcdOptions, SharedCoordinator};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub struct EtcdServer {
    folder: TempDir,
    clients: SocketAddr,
    peers: SocketAddr,
    /// What it is started with beside.
    more: Vec<String>,
    process: Option<Child>,
}

impl EtcdServer {
    pub fn start() -> EtcdServer {
        EtcdServer::start_with(|_| Vec::new())
    }

    /// Starts it with arguments for clients under TLS, which may name files in its folder.
    pub fn start_with(arguments: impl FnOnce(&Path) -> Vec<String>) -> EtcdServer {
        let [clients, peers] = free_addresses();
        let folder = tempfile::tempdir().unwrap();
        let more = arguments(folder.path());
        let mut server = EtcdServer { folder, clients, peers, more, process: None };
        server.resume();
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.clients)
    }

    pub fn coordinator(&self) -> SharedCoordinator {
        Arc::new(Etcd::new(EtcdOptions::new(vec![self.url()])).unwrap())
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it, again with the data that it had.
    pub fn resume(&mut self) {
        let (clients, peers) = (self.clients, self.peers);
        let scheme = if self.more.is_empty() { "http" } else { "https" };
        let process = Command::new("etcd")
            .arg(format!("--data-dir={}", self.folder.path().join("data").display()))
            .arg(format!("--listen-client-urls={scheme}://{clients}"))
            .arg(format!("--advertise-client-urls={scheme}://{clients}"))
            .arg(format!("--listen-peer-urls=http://{peers}"))
            .arg(format!("--initial-advertise-peer-urls=http://{peers}"))
            .arg(format!("--initial-cluster=default=http://{peers}"))
            .arg("--log-level=error")
            .args(&self.more)
            .env("GOMAXPROCS", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs etcd; scripts/test installs it (Debian: etcd-server)");
        self.process = Some(process);
        let begin = Instant::now();
        while TcpStream::connect(self.clients).is_err() {
            assert!(begin.elapsed() < super::PATIENCE, "etcd does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Ports that were free a moment ago, both at once, so that they differ: etcd cannot be asked which it took.
fn free_addresses() -> [SocketAddr; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.each_ref().map(|listener| listener.local_addr().unwrap())
}

impl Drop for EtcdServer {
    fn drop(&mut self) {
        self.kill();
    }
}
