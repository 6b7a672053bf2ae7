//! `reads`: reads of small documents against a bare server that sends the same bytes.
//!
//! Every request carries a token, is checked against an access list and gets the whole document: no conditional
//! headers, no 304. A hundred users own ten documents each and share them with nine others, so that each token reads a
//! hundred of the thousand, ninety of them as a guest. The figure is the server's CPU for a request.

use super::prose::prose;
use super::{CONNECTIONS, Setting};
use crate::client::{Connection, Request, Rest};
use crate::measure::{Figure, Goal, Measured, Report, Worker, alternate, drive};
use crate::server::{Bare, Hub, Recorded, Scratch};
use anyhow::{Result, bail};
use rand::Rng;
use rustix::process::Pid;
use std::net::SocketAddr;
use std::rc::Rc;

/// Users, each with a token.
const USERS: usize = 100;
/// Documents of each user.
const OWN: usize = 10;
/// How many other users may read a document.
const GUESTS: usize = 9;
/// Content of a document.
const CONTENT_BYTES: usize = 2 << 10;

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scratch = Scratch::below(&setting.folder)?;
    let hub = Hub::start(setting.hub_in(&scratch)).await?;
    let library = Library::build(&hub).await?;
    let bare = Bare::start(&library.recorded, &scratch).await?;
    let requests: Rc<[Ask]> = library.asks.into();
    let turns = alternate(
        "reads",
        async || turn(hub.addr(), &requests, setting, hub.process().pid()).await,
        async || turn(bare.addr(), &requests, setting, bare.process().pid()).await,
    )
    .await?;
    let (ours, peer) = turns.medians(Measured::server_micros);
    let cpu = Figure::new("reads.server_cpu", "us/read", ours).against(peer);
    report.add(&cpu.judged(Goal::RatioAtMost(1.7)).unless_client_was_busy(turns.client_share()))?;
    let (ours, peer) = turns.medians(Measured::rate);
    report.add(&Figure::new("reads.throughput", "reads/s", ours).against(peer))?;
    bare.stop().await?;
    hub.stop().await?;
    Ok(())
}

async fn turn(addr: SocketAddr, asks: &Rc<[Ask]>, setting: &Setting, server: Pid) -> Result<Measured> {
    let mut readers = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        readers.push(Reader { connection: Connection::open(addr).await?, asks: asks.clone() });
    }
    let (_, measured) = drive(readers, setting.load(), server).await?;
    Ok(measured)
}

/// A request with its answer's length.
struct Ask {
    request: Vec<u8>,
    body_bytes: usize,
}

/// The documents, as requests that may read them and as answers to give again.
struct Library {
    asks: Vec<Ask>,
    recorded: Vec<Recorded>,
}

impl Library {
    async fn build(hub: &Hub) -> Result<Library> {
        eprintln!("reads: {USERS} users make {OWN} documents each and share them");
        let tokens = (0..USERS).map(|user| hub.token(&name(user))).collect::<Result<Vec<String>>>()?;
        let mut library = Library { asks: Vec::new(), recorded: Vec::new() };
        for owner in 0..USERS {
            let mut rest = Rest::open(hub.addr(), &tokens[owner]).await?;
            for _ in 0..OWN {
                library.add(&mut rest, owner, &tokens).await?;
            }
        }
        Ok(library)
    }

    async fn add(&mut self, rest: &mut Rest, owner: usize, tokens: &[String]) -> Result<()> {
        let id = rest.create("note", &prose(CONTENT_BYTES)).await?.id;
        let readers: Vec<usize> = (0..=GUESTS).map(|next| (owner + next) % USERS).collect();
        for guest in &readers[1..] {
            rest.share(&id, &name(*guest)).await?;
        }
        let path = format!("/documents/{id}");
        let get = |user: usize| {
            Request { method: "GET", path: &path, token: Some(&tokens[user]), body: None }.encode()
        };
        let body_bytes = self.record(rest, &path, &get(owner)).await?;
        // A guest's level has another name than the owner's: the recorded answer differs by a few bytes from theirs.
        for reader in readers {
            let request = get(reader);
            let answer = rest.raw(&request).await?;
            if answer.status != 200 || answer.body.len().abs_diff(body_bytes) > 16 {
                bail!("{} may not read {path}: {}", name(reader), String::from_utf8_lossy(answer.body));
            }
            self.asks.push(Ask { request, body_bytes });
        }
        Ok(())
    }

    async fn record(&mut self, rest: &mut Rest, path: &str, request: &[u8]) -> Result<usize> {
        let recorded = Recorded::of(path, rest.raw(request).await?)?;
        let bytes = recorded.body_bytes();
        self.recorded.push(recorded);
        Ok(bytes)
    }
}

fn name(user: usize) -> String {
    format!("reader-{user}")
}

/// Reads some document as someone who may.
struct Reader {
    connection: Connection,
    asks: Rc<[Ask]>,
}

impl Worker for Reader {
    async fn step(&mut self) -> Result<()> {
        let ask = &self.asks[rand::rng().random_range(0..self.asks.len())];
        let answer = self.connection.call(&ask.request).await?;
        if answer.status != 200 || answer.body.len().abs_diff(ask.body_bytes) > 16 {
            bail!("a read was answered with {}: {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        Ok(())
    }
}
