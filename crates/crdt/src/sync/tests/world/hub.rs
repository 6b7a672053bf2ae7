//! A node that is ours: a graph, the bytes of the changes, and a peer for each link. What comes in waits for
//! its commit, as it does for the log.

use std::collections::{BTreeMap, HashMap, VecDeque};

use automerge::Automerge;
use base::Hash;
use bytes::Bytes;

use super::Node;
use crate::admit::{self, Admission};
use crate::graph::Graph;
use crate::sync::{Content, Limits, Peer, Plan};

#[derive(Default)]
pub(in crate::sync::tests) struct Hub {
    pub(in crate::sync::tests) graph: Graph,
    pub(in crate::sync::tests) chunks: HashMap<Hash, Bytes>,
    pub(in crate::sync::tests) peers: BTreeMap<usize, Peer>,
    /// Changes on their way into the log, and who sent them.
    waiting: VecDeque<(usize, Vec<u8>)>,
    /// Whether a commit happens at once.
    prompt: bool,
}

impl Hub {
    /// A hub whose commits happen at once.
    pub(in crate::sync::tests) fn prompt() -> Self {
        Hub { prompt: true, ..Hub::default() }
    }

    /// One that starts with a document.
    pub(in crate::sync::tests) fn with(self, doc: &[u8]) -> Self {
        let mut hub = self;
        let admission = hub.graph.admit(doc, &admit::Limits::default()).unwrap();
        hub.insert(&admission);
        hub
    }

    fn insert(&mut self, admission: &Admission) -> Vec<Hash> {
        let mut inserted = Vec::new();
        for change in &admission.changes {
            assert!(self.graph.insert(&change.summary).unwrap());
            self.chunks.insert(change.summary.hash(), change.chunk.clone());
            inserted.push(change.summary.hash());
        }
        inserted
    }

    fn take(&mut self, link: usize, changes: Vec<u8>) {
        self.waiting.push_back((link, changes));
        while self.prompt && self.commit() {}
    }

    pub(in crate::sync::tests) fn encode(&self, plan: &Plan) -> Bytes {
        match plan.content() {
            Content::Nothing => plan.encode::<Bytes>(&[]),
            Content::Changes(hashes) => {
                plan.encode(&hashes.iter().map(|hash| self.chunks[hash].clone()).collect::<Vec<_>>())
            }
            Content::Document => plan.encode(&self.document()),
        }
    }

    /// A compacted chunk of the first half, and the changes behind it.
    fn document(&self) -> Vec<Bytes> {
        let all: Vec<Bytes> = self.graph.changes().map(|hash| self.chunks[&hash].clone()).collect();
        let (old, new) = all.split_at(all.len() / 2);
        let mut compacted = Automerge::new();
        compacted.load_incremental(&old.concat()).unwrap();
        let compacted = if old.is_empty() { Vec::new() } else { compacted.save() };
        std::iter::once(compacted.into()).chain(new.iter().cloned()).collect()
    }
}

impl Node for Hub {
    fn meet(&mut self, link: usize, _remembers: bool) {
        self.peers.insert(link, Peer::new());
        self.waiting.retain(|(from, _)| *from != link);
    }

    fn receive(&mut self, link: usize, message: &[u8]) {
        let peer = self.peers.get_mut(&link).unwrap();
        let received = peer.receive(&self.graph, message, &Limits::default()).unwrap();
        let changes = received.changes.into_owned();
        if !changes.is_empty() {
            self.take(link, changes);
        }
    }

    fn generate(&mut self, link: usize) -> Option<Vec<u8>> {
        let plan = self.peers.get_mut(&link).unwrap().plan(&self.graph)?;
        assert_eq!(plan, plan.clone());
        Some(self.encode(&plan).to_vec())
    }

    fn set_read_only(&mut self, link: usize, read_only: bool) {
        self.peers.get_mut(&link).unwrap().set_read_only(read_only);
    }

    fn forget(&mut self, percent: usize) -> bool {
        let kept = self.graph.len() * (100 - percent) / 100;
        let chunks: Vec<Bytes> =
            self.graph.changes().take(kept).map(|hash| self.chunks[&hash].clone()).collect();
        *self = Hub { prompt: self.prompt, ..Hub::default() }.with(&chunks.concat());
        true
    }

    fn commit(&mut self) -> bool {
        let Some((link, changes)) = self.waiting.pop_front() else { return false };
        let admission =
            self.graph.admit(&changes, &admit::Limits::default()).expect("stock changes are sound");
        let inserted = self.insert(&admission);
        let peer = self.peers.get_mut(&link).unwrap();
        peer.settle(&self.graph, &inserted, admission.orphans, &Limits::default());
        let unblocked =
            self.peers.iter_mut().filter_map(|(link, peer)| Some((*link, peer.unblocked(&self.graph)?)));
        self.waiting.extend(unblocked.collect::<Vec<_>>());
        true
    }

    fn heads(&mut self) -> Vec<Hash> {
        self.graph.heads().collect()
    }
}
