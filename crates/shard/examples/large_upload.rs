//! What a large upload costs: the time until it is durable, the time until somebody else has it, how long the runtime was
//! kept from other work, and the memory of the process at its peak.
//!
//! `cargo run --release -p shard --example large_upload -- FILE`, with a file that `admit_cost make` of the crate `crdt`
//! wrote.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use automerge::ChangeHash;
use automerge::sync::{Have, Message, MessageFlags, MessageVersion};
use base::{DocId, Limits, TenantId, UserId};
use bytes::Bytes;
use crdt::graph::Graph;
use rpc::{Caller, Join, Live, Shards, SyncSession, Synced};
use shard::{EngineOptions, Node, NodeOptions, NodeService, Place, Policy, StoreOptions};
use tokio::sync::Notify;
use vault::MasterKey;

fn main() {
    let file = std::env::args().nth(1).expect("the file of an upload");
    let upload = std::fs::read(&file).expect("a file that can be read");
    let heads = heads(&upload);
    println!("{file}: {} bytes; admitting them alone peaked at {}", upload.len(), peak());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("the system has threads");
    // On the worker, so that all that is not done elsewhere keeps the one thread.
    let done = runtime.block_on(async { tokio::spawn(run(upload, heads)).await });
    done.expect("the hub stays as it should");
}

/// The heads of a document that is uploaded.
fn heads(upload: &[u8]) -> Vec<ChangeHash> {
    let admission =
        Graph::new().admit(upload, &crdt::admit::Limits::default()).expect("stock changes are sound");
    let mut graph = Graph::new();
    for change in &admission.changes {
        graph.insert(&change.summary).expect("what was admitted fits");
    }
    graph.heads().map(|head| ChangeHash(head.0)).collect()
}

async fn run(upload: Vec<u8>, heads: Vec<ChangeHash>) {
    let folder = tempfile::tempdir().expect("a folder for the hub");
    let node = start(folder.path()).await;
    let service = node.service();
    // A task that wants to run every millisecond shows how long others keep the one thread.
    let (longest, ticker) = watch_the_runtime();
    let id = client_id();
    let mut maker = Peer::join(&service, id).await;
    let message = says(heads.clone(), upload);
    let started = Instant::now();
    maker.session.receive(message).await.expect("the upload is taken");
    maker.until(|said| said.heads == heads).await;
    println!("durable and acknowledged after {:.2} s, peak {}", started.elapsed().as_secs_f64(), peak());

    let mut reader = Peer::join(&service, id).await;
    let started = Instant::now();
    reader.session.receive(says(vec![], vec![])).await.expect("a first message is taken");
    let said = reader.until(|said| !said.changes.is_empty()).await;
    let bytes: usize = said.changes.iter().map(<[u8]>::len).sum();
    println!("{bytes} bytes for a reader after {:.2} s, peak {}", started.elapsed().as_secs_f64(), peak());
    ticker.abort();
    println!("the runtime was kept for {:.1} ms at most", longest.load(Ordering::Relaxed) as f64 / 1e3);
    node.stop().await;
}

async fn start(folder: &std::path::Path) -> Node {
    let options = NodeOptions {
        folder: folder.to_owned(),
        place: Place::Alone { shards: 1 },
        wal: wal::Options::default(),
        store: StoreOptions::default(),
        engine: EngineOptions { cache_bytes: 64 << 20, workers: 2, limits: Limits::default() },
        policy: Policy::default(),
    };
    let master = MasterKey::from_hex(&"07".repeat(32), "an example").expect("64 digits are a key");
    let node = Node::start(options, master).await.expect("the hub starts");
    while !node.service().health().ready() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    node
}

fn watch_the_runtime() -> (Arc<AtomicU64>, tokio::task::JoinHandle<()>) {
    const TICK: Duration = Duration::from_millis(1);
    let longest = Arc::new(AtomicU64::new(0));
    let kept = longest.clone();
    let ticker = tokio::spawn(async move {
        loop {
            let started = Instant::now();
            tokio::time::sleep(TICK).await;
            let late = started.elapsed().saturating_sub(2 * TICK);
            kept.fetch_max(late.as_micros() as u64, Ordering::Relaxed);
        }
    });
    (longest, ticker)
}

/// A peer at the document.
struct Peer {
    session: Arc<dyn SyncSession>,
    rung: Arc<Notify>,
}

impl Peer {
    async fn join(service: &NodeService, id: DocId) -> Peer {
        let rung = Arc::new(Notify::new());
        let bell = rung.clone();
        let caller = Caller {
            tenant: TenantId::new("acme").expect("a tenant's name"),
            user: UserId::new("ada").expect("a user's name"),
        };
        let join = Join { id, resumed: false, bell: Arc::new(move |_| bell.notify_one()) };
        let session = service.join(caller, join).await.expect("there is room for a session");
        Peer { session, rung }
    }

    /// Waits for a message.
    async fn until(&mut self, holds: impl Fn(&Message) -> bool) -> Message {
        loop {
            while let Some(next) = self.session.next() {
                match next {
                    Synced::Message(bytes) => {
                        let said = Message::decode(&bytes).expect("a stock peer reads what the hub sends");
                        if holds(&said) {
                            return said;
                        }
                    }
                    Synced::Ended(refusal) => panic!("the session has ended: {refusal:?}"),
                    Synced::Unavailable | Synced::Ephemeral(_) => {}
                }
            }
            self.rung.notified().await;
        }
    }
}

/// What a stock peer says that has these heads, and sends these chunks.
fn says(heads: Vec<ChangeHash>, chunks: Vec<u8>) -> Bytes {
    let mut flags = MessageFlags::new();
    flags.set(MessageFlags::SUPPORTS_SYNC_RESET);
    let changes = if chunks.is_empty() { automerge::sync::ChunkList::empty() } else { chunks.into() };
    let (have, need) = (vec![Have::default()], vec![]);
    Message { heads, need, have, changes, flags: Some(flags), version: MessageVersion::V2 }.encode().into()
}

/// An id as automerge-repo makes it.
fn client_id() -> DocId {
    let mut bytes: [u8; 16] = rand::random();
    bytes[6] = 0x40 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    DocId::from_bytes(bytes).expect("an id of version 4")
}

/// The most memory that the process had, as the kernel says it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |peak| peak.trim().to_owned())
}
