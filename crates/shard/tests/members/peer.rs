//! A stock peer of the sync protocol, that goes from node to node.

use crate::cluster::{PATIENCE, caller};
use automerge::sync::{Message, State, SyncDoc};
use automerge::transaction::Transactable;
use automerge::{Automerge, ObjType, ROOT, ReadDoc};
use base::DocId;
use bytes::Bytes;
use rpc::{Join, Live, Refusal, SyncSession, Synced};
use shard::NodeService;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

pub struct Peer {
    id: DocId,
    doc: Automerge,
    state: State,
    session: Arc<dyn SyncSession>,
    pub ended: Option<Refusal>,
}

impl Peer {
    /// Joins a document at a node that leads it.
    pub async fn join(node: &NodeService, id: DocId) -> Peer {
        let session = join(node, id, false).await.unwrap();
        Peer { id, doc: Automerge::new(), state: State::new(), session, ended: None }
    }

    /// Goes on at another node, once that one lets it. What it sent last it believes to have arrived.
    pub async fn go_on(&mut self, node: &NodeService) {
        let started = Instant::now();
        loop {
            match join(node, self.id, true).await {
                Ok(session) => {
                    (self.session, self.ended) = (session, None);
                    return;
                }
                Err(Refusal::Elsewhere { .. } | Refusal::Unavailable { .. }) => {}
                Err(refusal) => panic!("{refusal}"),
            }
            assert!(started.elapsed() < PATIENCE, "it cannot join");
            sleep(Duration::from_millis(10)).await;
        }
    }

    pub fn type_at_end(&mut self, text: &str) {
        let end = self.text().chars().count();
        let content = match self.doc.get(ROOT, "content").unwrap() {
            Some((_, content)) => content,
            None => {
                let mut tx = self.doc.transaction();
                let content = tx.put_object(ROOT, "content", ObjType::Text).unwrap();
                tx.commit();
                content
            }
        };
        let mut tx = self.doc.transaction();
        tx.splice_text(&content, end, 0, text).unwrap();
        tx.commit();
    }

    pub fn text(&self) -> String {
        match self.doc.get(ROOT, "content").unwrap() {
            Some((_, content)) => self.doc.text(&content).unwrap(),
            None => String::new(),
        }
    }

    /// Sends what it has to say, and takes what there is for it.
    pub async fn turn(&mut self) {
        if let Some(message) = self.doc.generate_sync_message(&mut self.state) {
            let received = self.session.receive(Bytes::from(message.encode()));
            match timeout(PATIENCE, received).await.expect("a session does not wait for ever") {
                Ok(()) => {}
                Err(refusal) => drop(self.ended.get_or_insert(refusal)),
            }
        }
        while let Some(next) = self.session.next() {
            match next {
                Synced::Message(message) => {
                    let message = Message::decode(&message).unwrap();
                    self.doc.receive_sync_message(&mut self.state, message).unwrap();
                }
                Synced::Ended(refusal) => drop(self.ended.get_or_insert(refusal)),
                Synced::Unavailable | Synced::Ephemeral(_) => {}
            }
        }
    }

    /// Talks until something holds.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&Peer) -> bool) {
        let started = Instant::now();
        while !holds(self) {
            assert!(started.elapsed() < PATIENCE, "it never came to be: {what}; {:?}", self.ended);
            self.turn().await;
            sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn join(node: &NodeService, id: DocId, resumed: bool) -> Result<Arc<dyn SyncSession>, Refusal> {
    node.join(caller("ada"), Join { id, resumed, bell: Arc::new(|_| {}) }).await
}
