//! A hub on a folder of its own, and stock peers that sync with it through sessions.

use crate::documents::{Engine, effort};
use crate::live::LiveDocument;
use crate::shard::Shard;
use crate::{EngineOptions, Node, NodeOptions, NodeService, Place, Policy, StoreOptions};
use automerge::sync::{Message, State, SyncDoc};
use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ObjId, ObjType, ROOT, ReadDoc};
use base::{DocId, Heads, Level, Limits, Op, Shape, TenantId, UserId};
use bytes::Bytes;
use rpc::{
    At, Base, Caller, Create, Delete, Edit, EditKey, Join, Live, Precondition, Read, Refusal, Seen,
    SetMetadata, Shards, Share, SyncSession, Synced, Unit, Write,
};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use vault::MasterKey;

/// Far beyond what anything here takes: only a test that fails waits for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Hub {
    folder: TempDir,
    limits: Limits,
    node: Option<Node>,
}

fn master() -> MasterKey {
    MasterKey::from_hex(&"07".repeat(32), "a test").unwrap()
}

impl Hub {
    pub async fn start() -> Hub {
        Hub::with_limits(Limits::default()).await
    }

    pub async fn with_limits(limits: Limits) -> Hub {
        let mut hub = Hub { folder: tempfile::tempdir().unwrap(), limits, node: None };
        hub.begin().await;
        hub
    }

    async fn begin(&mut self) {
        let options = NodeOptions {
            folder: self.folder.path().to_owned(),
            place: Place::Alone { shards: 2 },
            wal: wal::Options { segment_bytes: 1 << 20, ..wal::Options::default() },
            store: StoreOptions::default(),
            engine: EngineOptions { cache_bytes: 64 << 20, workers: 2, limits: self.limits },
            policy: Policy::default(),
        };
        let node = Node::start(options, master()).await.unwrap();
        let started = Instant::now();
        while !node.service().health().ready() {
            assert!(started.elapsed() < PATIENCE, "the hub does not serve");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.node = Some(node);
    }

    /// Stops it, and starts it again on the same folder.
    pub async fn restart(&mut self) {
        self.node.take().unwrap().stop().await;
        self.begin().await;
    }

    pub fn service(&self) -> NodeService {
        self.node.as_ref().unwrap().service()
    }

    /// What is behind a document.
    pub fn behind(&self, id: DocId) -> (Arc<Engine>, Arc<Shard>, Arc<LiveDocument>) {
        self.service().behind(&caller("ada"), id)
    }

    pub async fn create_text(&self, user: &str, text: &str) -> DocId {
        let labels = Default::default();
        let create =
            Create { name: "notes".into(), shape: Shape::Text, content: json!(text), key: key(), labels };
        self.service().create(caller(user), create).await.unwrap().view.id
    }

    pub async fn read(&self, user: &str, id: DocId) -> Result<Seen, Refusal> {
        self.service().read(caller(user), Read { id, at: At::Now, at_least: None }).await
    }

    pub async fn text(&self, user: &str, id: DocId) -> String {
        let seen = self.read(user, id).await.unwrap();
        serde_json::from_slice(&seen.view.content).unwrap()
    }

    pub async fn splice(&self, user: &str, id: DocId, at: usize, insert: &str) -> Result<Seen, Refusal> {
        self.splice_if(user, id, at, insert, Precondition::default()).await
    }

    pub async fn splice_if(
        &self,
        user: &str,
        id: DocId,
        at: usize,
        insert: &str,
        precondition: Precondition,
    ) -> Result<Seen, Refusal> {
        let op = Op::Splice { path: vec![], position: at, delete: 0, insert: insert.into() };
        let edit = Edit::Operations { ops: vec![op], unit: Unit::Utf16 };
        let write = Write { id, base: Base::Now, edit, precondition, key: key() };
        self.service().write(caller(user), write).await
    }

    pub async fn share(&self, by: &str, id: DocId, with: &str, level: Option<Level>) {
        let share = Share { id, principal: UserId::new(with).unwrap(), level, key: key() };
        self.service().share(caller(by), share).await.unwrap();
    }

    pub async fn rename(&self, by: &str, id: DocId, name: &str) -> Seen {
        let (labels, precondition) = (Default::default(), Precondition::default());
        let name = Some(name.to_owned());
        let set = SetMetadata { id, name, clear_labels: false, labels, precondition, key: key() };
        self.service().set_metadata(caller(by), set).await.unwrap()
    }

    pub async fn delete(&self, by: &str, id: DocId) {
        let delete = Delete { id, precondition: Precondition::default(), key: key() };
        self.service().delete(caller(by), delete).await.unwrap();
    }

    /// A peer that knows nothing of the document yet.
    pub async fn peer(&self, user: &str, id: DocId) -> Peer {
        self.peer_with(user, id, Automerge::new()).await
    }

    /// A peer that has a copy.
    pub async fn peer_with(&self, user: &str, id: DocId, doc: Automerge) -> Peer {
        let (session, rung) = self.join(user, id).await;
        Peer { doc, state: State::new(), session, rung, got: Got::default() }
    }

    /// A peer goes on here that was at another hub before, and knows of no change.
    pub async fn resume(&self, user: &str, id: DocId, peer: Peer) -> Peer {
        let Peer { doc, state, .. } = peer;
        let (session, rung) = self.join_as(user, id, true).await;
        Peer { doc, state, session, rung, got: Got::default() }
    }

    pub async fn join(&self, user: &str, id: DocId) -> (Arc<dyn SyncSession>, Arc<AtomicU64>) {
        self.join_as(user, id, false).await
    }

    async fn join_as(&self, user: &str, id: DocId, resumed: bool) -> (Arc<dyn SyncSession>, Arc<AtomicU64>) {
        let rung = Arc::new(AtomicU64::new(0));
        let bell = rung.clone();
        let bell: rpc::Bell = Arc::new(move |_| {
            bell.fetch_add(1, Ordering::SeqCst);
        });
        let session = self.service().join(caller(user), Join { id, resumed, bell }).await.unwrap();
        (session, rung)
    }
}

pub fn caller(user: &str) -> Caller {
    Caller { tenant: TenantId::new("acme").unwrap(), user: UserId::new(user).unwrap() }
}

fn key() -> EditKey {
    EditKey { key: format!("{:032x}", rand::random::<u128>()), request_hash: [0; 32] }
}

/// An id as automerge-repo makes it.
pub fn client_id() -> DocId {
    let mut bytes: [u8; 16] = rand::random();
    bytes[6] = 0x40 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    DocId::from_bytes(bytes).unwrap()
}

/// What a session has said beside sync messages.
#[derive(Default)]
pub struct Got {
    pub messages: usize,
    pub unavailable: usize,
    pub said: Vec<Arc<rpc::Ephemeral>>,
    pub ended: Option<Refusal>,
}

/// A stock peer: Automerge and its own sync protocol.
pub struct Peer {
    pub doc: Automerge,
    pub state: State,
    pub session: Arc<dyn SyncSession>,
    pub rung: Arc<AtomicU64>,
    pub got: Got,
}

impl Peer {
    /// Sends what there is to send. Whether there was something.
    pub async fn send(&mut self) -> bool {
        let Some(message) = self.doc.generate_sync_message(&mut self.state) else { return false };
        if let Err(refusal) = self.session.receive(Bytes::from(message.encode())).await {
            self.got.ended.get_or_insert(refusal);
            return false;
        }
        true
    }

    /// Takes what has come. Whether there was something.
    pub fn take(&mut self) -> bool {
        let mut any = false;
        while let Some(next) = self.session.next() {
            any = true;
            match next {
                Synced::Message(message) => {
                    self.got.messages += 1;
                    let message = Message::decode(&message).expect("a stock peer reads what the hub sends");
                    self.doc.receive_sync_message(&mut self.state, message).expect("a stock peer takes it");
                }
                Synced::Unavailable => self.got.unavailable += 1,
                Synced::Ephemeral(said) => self.got.said.push(said),
                Synced::Ended(refusal) => self.got.ended = Some(refusal),
            }
        }
        any
    }

    /// Sends and takes once. Whether anything moved.
    pub async fn turn(&mut self) -> bool {
        let sent = self.send().await;
        self.take() || sent
    }

    /// Leaves, with its copy.
    pub fn leave(self) -> Automerge {
        self.doc
    }

    pub fn heads(&self) -> Heads {
        let mut heads: Heads = self.doc.get_heads().into_iter().map(|hash| base::Hash(hash.0)).collect();
        heads.sort_unstable();
        heads
    }

    /// The text object, made if it is not there.
    fn content(&mut self) -> ObjId {
        if let Ok(Some((_, id))) = self.doc.get(ROOT, "content") {
            return id;
        }
        let mut tx = self.doc.transaction();
        let id = tx.put_object(ROOT, "content", ObjType::Text).unwrap();
        tx.commit();
        id
    }

    /// Types into the text, as one change.
    pub fn type_at(&mut self, at: usize, text: &str) {
        let content = self.content();
        let mut tx = self.doc.transaction();
        tx.splice_text(&content, at, 0, text).unwrap();
        tx.commit_with(CommitOptions::default());
    }

    pub fn type_at_end(&mut self, text: &str) {
        let end = self.text().chars().count();
        self.type_at(end, text);
    }

    pub fn text(&self) -> String {
        match self.doc.get(ROOT, "content") {
            Ok(Some((_, id))) => self.doc.text(&id).unwrap(),
            _ => String::new(),
        }
    }
}

/// Lets peers talk until they and the hub are at the same heads and have nothing left to say.
pub async fn converge(hub: &Hub, user: &str, id: DocId, peers: &mut [&mut Peer]) {
    let started = Instant::now();
    loop {
        let moved = turns(peers).await;
        let heads = match hub.read(user, id).await {
            Ok(seen) => seen.view.heads.clone(),
            Err(_) => vec![],
        };
        let same = !heads.is_empty() && peers.iter().all(|peer| peer.heads() == heads);
        if same && !moved && !turns(peers).await {
            return;
        }
        if started.elapsed() > PATIENCE {
            let found: Vec<_> = peers.iter().map(|peer| (peer.heads(), &peer.got.ended)).collect();
            panic!("no agreement: the hub has {heads:?}, the peers {found:?}");
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Computes for so long.
pub fn compute(time: Duration) {
    let before = effort::spent();
    while effort::spent().saturating_sub(before) < time {
        std::hint::spin_loop();
    }
}

/// Lets peers talk until something holds.
pub async fn until(peers: &mut [&mut Peer], what: &str, holds: impl Fn(&[&mut Peer]) -> bool) {
    let started = Instant::now();
    while !holds(peers) {
        assert!(started.elapsed() < PATIENCE, "it never came to be: {what}");
        turns(peers).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn turns(peers: &mut [&mut Peer]) -> bool {
    let mut moved = false;
    for peer in peers.iter_mut() {
        moved |= peer.turn().await;
    }
    moved
}
