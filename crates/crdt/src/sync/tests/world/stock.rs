//! A node that is Automerge and nothing else: a client, or the server that ours is compared with.

use std::collections::BTreeMap;

use automerge::sync::{Message, State, SyncDoc};
use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, ObjType, ROOT, ReadDoc};
use base::Hash;

use super::Node;

pub(in crate::sync::tests) struct Stock {
    pub(in crate::sync::tests) doc: AutoCommit,
    pub(in crate::sync::tests) links: BTreeMap<usize, State>,
}

impl Stock {
    pub(in crate::sync::tests) fn new(actor: u8) -> Self {
        Stock { doc: AutoCommit::new().with_actor(ActorId::from([actor; 16])), links: BTreeMap::new() }
    }

    /// One that starts with a document.
    pub(in crate::sync::tests) fn with(doc: &[u8], actor: u8) -> Self {
        let doc = AutoCommit::load(doc).unwrap().with_actor(ActorId::from([actor; 16]));
        Stock { doc, links: BTreeMap::new() }
    }
}

impl Node for Stock {
    fn meet(&mut self, link: usize, remembers: bool) {
        let state = match self.links.get(&link).filter(|_| remembers) {
            Some(state) => State::decode(&state.encode()).unwrap(),
            None => State::new(),
        };
        self.links.insert(link, state);
    }

    fn receive(&mut self, link: usize, message: &[u8]) {
        let message = Message::decode(message).expect("a stock peer reads every message");
        let state = self.links.get_mut(&link).unwrap();
        self.doc.sync().receive_sync_message(state, message).expect("a stock peer takes every message");
    }

    fn generate(&mut self, link: usize) -> Option<Vec<u8>> {
        let state = self.links.get_mut(&link).unwrap();
        self.doc.sync().generate_sync_message(state).map(Message::encode)
    }

    fn set_read_only(&mut self, link: usize, read_only: bool) {
        self.links.get_mut(&link).unwrap().set_read_only(read_only);
    }

    fn edit(&mut self, value: u64) {
        let text = match self.doc.get(ROOT, "text").unwrap() {
            Some((_, text)) => text,
            None => self.doc.put_object(ROOT, "text", ObjType::Text).unwrap(),
        };
        let at = value as usize % (self.doc.length(&text) + 1);
        self.doc.splice_text(&text, at, 0, &value.to_string()).unwrap();
        self.doc.commit();
    }

    fn heads(&mut self) -> Vec<Hash> {
        self.doc.get_heads().into_iter().map(|head| Hash(head.0)).collect()
    }
}
