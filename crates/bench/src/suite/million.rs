//! `million`: what it costs to keep a million small documents.
//!
//! They are created through REST, then the hub is started again: how soon it serves, what it holds in memory after ten
//! thousand random reads and a minute's rest, what it takes on the disk.

use super::prose::prose;
use super::{CONNECTIONS, Million, Setting};
use crate::client::{Connection, Request, Rest};
use crate::measure::{Figure, Goal, Histogram, Report};
use crate::server::{Hub, Scratch, bytes_on_disk};
use anyhow::{Result, bail, ensure};
use rand::Rng;
use rand::seq::IndexedRandom;
use serde::Deserialize;
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::{JoinSet, LocalSet};

/// Content of a document.
const CONTENT_BYTES: usize = 100;
/// Random reads before memory is looked at.
const READS: usize = 10_000;
/// Documents that are remembered, about, to choose from when reading.
const REMEMBERED: f64 = 20_000.0;
/// How soon a hub must serve after its start.
const READY_GOAL_SECONDS: f64 = 5.0;
/// How much it may hold in memory.
const RESIDENT_GOAL_MIB: f64 = 500.0;
/// How often the filling tells how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// Runs it.
pub async fn run(setting: &Setting, million: Million, report: &mut Report) -> Result<()> {
    ensure!(million.documents > 0, "there must be documents to read");
    let scratch = Scratch::below(&setting.folder)?;
    let files = setting.hub_in(&scratch);
    let data = files.data.clone();
    let hub = Hub::start(files).await?;
    let tokens = (0..CONNECTIONS).map(|owner| hub.token(&name(owner))).collect::<Result<Vec<String>>>()?;
    let started = Instant::now();
    let known = fill(&hub, &tokens, million.documents).await?;
    let rate = million.documents as f64 / started.elapsed().as_secs_f64();
    report.add(&Figure::new("million.creates", "creates/s", rate))?;

    let files = hub.stop().await?;
    let started = Instant::now();
    let hub = Hub::start(files).await?;
    let ready = Figure::new("million.ready", "s", started.elapsed().as_secs_f64());
    report.add(&ready.judged(Goal::Below(READY_GOAL_SECONDS)))?;

    let latency = read_some(&hub, &tokens, &known).await?;
    report.add(&Figure::new("million.read_p50", "us", latency.quantile(0.5).as_secs_f64() * 1e6))?;
    report.add(&Figure::new("million.read_p99", "us", latency.quantile(0.99).as_secs_f64() * 1e6))?;
    eprintln!("million: resting for {:?}", million.rest);
    tokio::time::sleep(million.rest).await;
    let resident = Figure::new("million.resident", "MiB", mebibytes(hub.process().resident_bytes()?));
    report.add(&resident.judged(Goal::Below(RESIDENT_GOAL_MIB)))?;
    hub.stop().await?;
    report.add(&Figure::new("million.disk", "MiB", mebibytes(bytes_on_disk(&data)?)))?;
    Ok(())
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn name(owner: usize) -> String {
    format!("owner-{owner}")
}

/// A document that can be read again: whose token reads it, and its id.
struct Known {
    owner: usize,
    id: String,
}

/// What those who create share.
struct Filling {
    documents: u64,
    begun: Cell<u64>,
    known: RefCell<Vec<Known>>,
}

impl Filling {
    /// Whether there is one more to create.
    fn take(&self) -> bool {
        let more = self.begun.get() < self.documents;
        self.begun.set(self.begun.get() + u64::from(more));
        more
    }

    fn remembers(&self) -> bool {
        rand::rng().random_bool((REMEMBERED / self.documents as f64).min(1.0))
    }
}

async fn fill(hub: &Hub, tokens: &[String], documents: u64) -> Result<Vec<Known>> {
    let filling = Rc::new(Filling { documents, begun: Cell::new(0), known: RefCell::default() });
    let local = LocalSet::new();
    let mut creators = JoinSet::new();
    for (owner, token) in tokens.iter().enumerate() {
        let connection = Connection::open(hub.addr()).await?;
        creators.spawn_local_on(create(connection, owner, token.clone(), filling.clone()), &local);
    }
    let filled = async {
        while let Some(ended) = creators.join_next().await {
            ended??;
        }
        Ok::<_, anyhow::Error>(())
    };
    local
        .run_until(async {
            tokio::select! {
                filled = filled => filled,
                never = tell(&filling) => match never {},
            }
        })
        .await?;
    let known = filling.known.take();
    ensure!(!known.is_empty(), "no document was remembered");
    Ok(known)
}

async fn create(mut connection: Connection, owner: usize, token: String, filling: Rc<Filling>) -> Result<()> {
    #[derive(Deserialize)]
    struct Made {
        id: String,
    }
    while filling.take() {
        let body = json!({ "name": "note", "doc_type": "Text", "content": prose(CONTENT_BYTES) }).to_string();
        let token = Some(token.as_str());
        let request = Request { method: "POST", path: "/documents", token, body: Some(body.as_bytes()) };
        let answer = connection.call(&request.encode()).await?;
        if answer.status != 201 {
            bail!("a create was answered with {}: {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        if filling.remembers() {
            let Made { id } = serde_json::from_slice(answer.body)?;
            filling.known.borrow_mut().push(Known { owner, id });
        }
    }
    Ok(())
}

async fn tell(filling: &Filling) -> std::convert::Infallible {
    let started = Instant::now();
    loop {
        tokio::time::sleep(TOLD_EVERY).await;
        let (done, of) = (filling.begun.get(), filling.documents);
        let rate = done as f64 / started.elapsed().as_secs_f64();
        eprintln!("million: {done} of {of}, {rate:.0}/s, {:.0} s to go", (of - done) as f64 / rate);
    }
}

async fn read_some(hub: &Hub, tokens: &[String], known: &[Known]) -> Result<Histogram> {
    let mut readers = Vec::with_capacity(tokens.len());
    for token in tokens {
        readers.push(Rest::open(hub.addr(), token).await?);
    }
    let mut latency = Histogram::default();
    for _ in 0..READS {
        let document = known.choose(&mut rand::rng()).expect("filling remembered at least one");
        let started = Instant::now();
        let read = readers[document.owner].get(&document.id).await?;
        latency.record(started.elapsed());
        ensure!(read.content.len() == CONTENT_BYTES, "document {} came back changed", document.id);
    }
    Ok(latency)
}
