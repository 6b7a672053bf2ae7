//! Etcd on loopback: one member or three. The peer for durable writes, and what a cluster of hubs coordinates itself with.

use super::{Launch, Process, Scratch, Stop};
use crate::client::{Connection, Request};
use crate::measure::{Cores, SERVER_CORE};
use anyhow::{Context, Result, bail};
use rustix::process::Pid;
use serde::Deserialize;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long it may take to start, with the others of its cluster.
const START: Duration = Duration::from_secs(60);
/// How long a member may take to answer.
const ANSWER: Duration = Duration::from_secs(2);
/// How long a cluster may take to agree on a leader.
const LEADER: Duration = Duration::from_secs(30);
/// Members of a cluster.
const MEMBERS: usize = 3;

/// A running member.
#[derive(Debug)]
pub struct Etcd {
    process: Process,
    addr: SocketAddr,
}

/// Where a member is reached.
#[derive(Debug)]
struct Place {
    name: String,
    clients: SocketAddr,
    peers: SocketAddr,
}

impl Place {
    /// Those of a new cluster, whose names begin alike.
    fn several(prefix: &str, count: usize) -> Result<Vec<Place>> {
        // All are held until the last one is found, so that they differ.
        let held = (0..2 * count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<Vec<_>, _>>()?;
        let pairs = held.chunks(2).enumerate();
        let place = |(at, pair): (usize, &[TcpListener])| {
            let (clients, peers) = (pair[0].local_addr()?, pair[1].local_addr()?);
            Ok(Place { name: format!("{prefix}{}", at + 1), clients, peers })
        };
        pairs.map(place).collect()
    }
}

impl Etcd {
    /// Starts a cluster of this one member, with its own defaults and its data in `scratch`, on the servers' core.
    pub async fn start(program: &Path, scratch: &Scratch) -> Result<Etcd> {
        let all = Place::several("etcd", 1)?;
        let mut etcd = Etcd::launch(program, scratch, &all[0], &all, Cores::One(SERVER_CORE), &[])?;
        etcd.ready().await?;
        Ok(etcd)
    }

    fn launch(
        program: &Path,
        scratch: &Scratch,
        own: &Place,
        all: &[Place],
        cores: Cores,
        more: &[&str],
    ) -> Result<Etcd> {
        let arguments = arguments(&scratch.join(&own.name), own, all, more);
        let log = scratch.join(&format!("{}.log", own.name));
        let launch = Launch { program, arguments: &arguments, log: &log, cores };
        let process = Process::start(&launch).context("is the package etcd-server installed?")?;
        Ok(Etcd { process, addr: own.clients })
    }

    /// Waits until it serves: a cluster does not before most of its members have met.
    async fn ready(&mut self) -> Result<()> {
        let addr = self.addr;
        self.process.wait_until(START, async || healthy(addr).await).await
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

/// Three members.
#[derive(Debug)]
pub struct EtcdCluster(Vec<Etcd>);

impl EtcdCluster {
    /// Starts them with their data in `scratch`. Names begin with `prefix`; `more` are flags beyond etcd's own defaults.
    pub async fn start(
        program: &Path,
        scratch: &Scratch,
        prefix: &str,
        cores: Cores,
        more: &[&str],
    ) -> Result<EtcdCluster> {
        let all = Place::several(prefix, MEMBERS)?;
        let launch = |own| Etcd::launch(program, scratch, own, &all, cores, more);
        let mut members = all.iter().map(launch).collect::<Result<Vec<_>>>()?;
        for member in &mut members {
            member.ready().await?;
        }
        Ok(EtcdCluster(members))
    }

    /// Where clients that know it find the member that leads: one that asks another pays for a way more.
    pub async fn leader(&self) -> Result<SocketAddr> {
        let asking = async {
            loop {
                for member in &self.0 {
                    if leads(member.addr).await? {
                        return Ok(member.addr);
                    }
                }
                sleep(Duration::from_millis(100)).await;
            }
        };
        match timeout(LEADER, asking).await {
            Ok(found) => found,
            Err(_) => bail!("the members of etcd agreed on no leader within {LEADER:?}"),
        }
    }

    /// As `--etcd-endpoints` takes them.
    pub fn endpoints(&self) -> String {
        let urls: Vec<_> = self.0.iter().map(|member| format!("http://{}", member.addr)).collect();
        urls.join(",")
    }

    /// The processes, for their clocks.
    pub fn pids(&self) -> impl Iterator<Item = Pid> {
        self.0.iter().map(|member| member.process.pid())
    }

    /// Kills them.
    pub async fn stop(self) -> Result<()> {
        for member in self.0 {
            member.stop().await?;
        }
        Ok(())
    }
}

fn arguments(data: &Path, own: &Place, all: &[Place], more: &[&str]) -> Vec<String> {
    let Place { name, clients, peers } = own;
    let everyone: Vec<_> = all.iter().map(|place| format!("{}=http://{}", place.name, place.peers)).collect();
    let mut arguments = vec![
        format!("--name={name}"),
        format!("--data-dir={}", data.display()),
        format!("--listen-client-urls=http://{clients}"),
        format!("--advertise-client-urls=http://{clients}"),
        format!("--listen-peer-urls=http://{peers}"),
        format!("--initial-advertise-peer-urls=http://{peers}"),
        format!("--initial-cluster={}", everyone.join(",")),
        "--log-level=error".to_owned(),
    ];
    arguments.extend(more.iter().map(|flag| (*flag).to_owned()));
    arguments
}

async fn healthy(addr: SocketAddr) -> bool {
    #[derive(Deserialize)]
    struct Health {
        health: String,
    }
    let request = Request { method: "GET", path: "/health", token: None, body: None };
    let asked = ask::<Health>(addr, &request).await;
    asked.is_ok_and(|answer| answer.health == "true")
}

async fn leads(addr: SocketAddr) -> Result<bool> {
    #[derive(Deserialize)]
    struct Header {
        member_id: String,
    }
    #[derive(Deserialize)]
    struct Status {
        header: Header,
        leader: Option<String>,
    }
    let request = Request { method: "POST", path: "/v3/maintenance/status", token: None, body: Some(b"{}") };
    let status = ask::<Status>(addr, &request).await?;
    Ok(status.leader.as_ref() == Some(&status.header.member_id))
}

async fn ask<T: for<'de> Deserialize<'de>>(addr: SocketAddr, request: &Request<'_>) -> Result<T> {
    let asking = async {
        let mut connection = Connection::open(addr).await?;
        let answer = connection.call(&request.encode()).await?;
        let said = || format!("etcd said: {}", String::from_utf8_lossy(answer.body));
        serde_json::from_slice(answer.body).with_context(said)
    };
    timeout(ANSWER, asking).await.context("etcd did not answer in time")?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_places_of_their_own_and_know_each_other() {
        let all = Place::several("e", 3).unwrap();
        let mut ports: Vec<_> = all.iter().flat_map(|place| [place.clients, place.peers]).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 6);
        let flags = arguments(Path::new("/data"), &all[1], &all, &["--more"]);
        assert_eq!(flags[0], "--name=e2");
        let everyone = flags.iter().find(|flag| flag.starts_with("--initial-cluster=")).unwrap();
        assert!(all.iter().all(|place| everyone.contains(&format!("{}=http://{}", place.name, place.peers))));
        assert_eq!(flags.last().unwrap(), "--more");
    }
}
