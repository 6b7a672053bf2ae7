//! The writers: each makes one edit after the other and sends it until the hub has answered.
//!
//! A third of the edits create a document, a third splice a mark into a shared one at a version that is often
//! stale, a third replace a shared one's whole content by the same content and a mark. Marks are put in at the ends of
//! a text only, because there no concurrent edit can come between the characters of another mark.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::PATIENCE;
use super::stand::{SharedLedger, Stand};
use crate::client::{Answer, Ask, Client};
use crate::ledger::{DocumentId, Mark};

/// Documents that all writers write into.
const SHARED_DOCUMENTS: u64 = 8;
/// The pause between two edits of a writer, so that 32 of them leave the machine some air.
const THINK: Duration = Duration::from_millis(10);

/// Writers at work, until [`Workload::finish`].
pub struct Workload {
    stop: watch::Sender<bool>,
    writers: JoinSet<Vec<String>>,
}

/// One client that makes edits.
pub struct Writer {
    client: Client,
    ledger: SharedLedger,
    dice: StdRng,
    shared: Arc<[DocumentId]>,
    versions: HashMap<DocumentId, u64>,
    number: u64,
    marks: u64,
}

impl Workload {
    /// Creates the shared documents and sets the writers to work.
    pub async fn start(stand: &mut Stand, writers: u32) -> anyhow::Result<Workload> {
        let seed = stand.dice.random();
        let shared = shared_documents(stand, seed).await?;
        let stop = watch::Sender::new(false);
        let mut set = JoinSet::new();
        for number in 1..=u64::from(writers) {
            let writer = Writer::new(stand, number, seed, Arc::clone(&shared));
            set.spawn(writer.work(stop.subscribe()));
        }
        Ok(Workload { stop, writers: set })
    }

    /// Lets each writer finish its edit; returns the refusals that none of them should have met.
    pub async fn finish(self) -> Vec<String> {
        self.stop.send_replace(true);
        self.writers.join_all().await.into_iter().flatten().collect()
    }
}

/// Makes the documents that every writer writes into.
async fn shared_documents(stand: &Stand, seed: u64) -> anyhow::Result<Arc<[DocumentId]>> {
    let mut founder = Writer::new(stand, 0, seed, Arc::default());
    let mut shared = Vec::new();
    for _ in 0..SHARED_DOCUMENTS {
        let created = founder.create().await.map_err(anyhow::Error::msg)?;
        shared.push(created.ok_or_else(|| anyhow::anyhow!("the hub does not take a first document"))?);
    }
    Ok(shared.into())
}

impl Writer {
    /// Writer `number`, which shares no mark with any other.
    pub fn new(stand: &Stand, number: u64, seed: u64, shared: Arc<[DocumentId]>) -> Writer {
        Writer {
            client: stand.client(),
            ledger: Arc::clone(&stand.ledger),
            dice: StdRng::seed_from_u64(seed ^ number),
            shared,
            versions: HashMap::new(),
            number,
            marks: 0,
        }
    }

    async fn work(mut self, mut stop: watch::Receiver<bool>) -> Vec<String> {
        let mut refusals = Vec::new();
        while !*stop.borrow() {
            let outcome = match self.dice.random_range(0..3) {
                0 => self.create().await,
                1 => self.splice().await,
                _ => self.replace().await,
            };
            refusals.extend(outcome.err());
            // Whichever comes first; both only mean that the loop goes round.
            let _ = tokio::time::timeout(THINK, stop.changed()).await;
        }
        refusals
    }

    /// Creates a document that holds one mark; its id, if the hub acknowledged it.
    pub async fn create(&mut self) -> Result<Option<DocumentId>, String> {
        let mark = self.next_mark();
        let text = mark.to_string();
        let body = json!({"name": text, "content": text, "doc_type": "Text"});
        self.settle(Method::POST, "/documents".into(), body, mark, None).await
    }

    async fn splice(&mut self) -> Result<Option<DocumentId>, String> {
        let document = self.choose();
        let mark = self.next_mark();
        let version = self.versions.get(&document).copied().unwrap_or(1);
        let op = json!({"op": "splice", "position": 0, "insert": mark.to_string()});
        let body = json!({"version": version, "ops": [op]});
        self.settle(Method::PATCH, path_of(&document), body, mark, Some(document)).await
    }

    async fn replace(&mut self) -> Result<Option<DocumentId>, String> {
        let document = self.choose();
        let ask = Ask::get(path_of(&document));
        let seen = match self.client.send_until_settled(&ask, PATIENCE).await {
            Ok(answer) if answer.status.is_success() => answer.body,
            Ok(answer) => return refused(&ask, &answer).map(|()| None),
            Err(_) => return Ok(None),
        };
        let mark = self.next_mark();
        let content = format!("{}{mark}", seen["content"].as_str().unwrap_or_default());
        let body = json!({"version": seen["version"], "content": content});
        self.settle(Method::PUT, path_of(&document), body, mark, Some(document)).await
    }

    /// Sends an edit until its outcome is known and notes it; the error is a refusal for good.
    async fn settle(
        &mut self,
        method: Method,
        path: String,
        body: Value,
        mark: Mark,
        target: Option<DocumentId>,
    ) -> Result<Option<DocumentId>, String> {
        let ask = Ask::edit(method, path, body, format!("{:016x}", mark.0));
        self.ledger.lock().attempt(mark, target.clone());
        let Ok(answer) = self.client.send_until_settled(&ask, PATIENCE).await else {
            return Ok(None);
        };
        refused(&ask, &answer)?;
        if answer.is_worth_a_retry() {
            return Ok(None);
        }
        let Some(document) = target.or_else(|| answer.body["id"].as_str().map(str::to_owned)) else {
            return Err(format!("the answer to {} {} has no id: {}", ask.method, ask.path, answer.body));
        };
        if let Some(version) = answer.body["version"].as_u64() {
            self.versions.insert(document.clone(), version);
        }
        self.ledger.lock().acknowledge(mark, document.clone());
        Ok(Some(document))
    }

    fn choose(&mut self) -> DocumentId {
        self.shared[self.dice.random_range(0..self.shared.len())].clone()
    }

    fn next_mark(&mut self) -> Mark {
        self.marks += 1;
        Mark(self.number << 32 | self.marks)
    }
}

fn path_of(document: &DocumentId) -> String {
    format!("/documents/{document}")
}

/// A refusal that no retry helps against: the drill's edits are all such that a sound hub takes them.
fn refused(ask: &Ask, answer: &Answer) -> Result<(), String> {
    if answer.status.is_success() || answer.is_worth_a_retry() {
        return Ok(());
    }
    Err(format!("{} {} is refused with {}: {}", ask.method, ask.path, answer.status, answer.body))
}
