//! A peer that says whatever the bytes tell it to, and the hub that it says it to.

use std::sync::OnceLock;

use base::Hash;
use crdt::admit::forge::{Forged, ForgedOp};
use crdt::admit::{self, Orphan};
use crdt::graph::{Graph, Summary};
use crdt::sync::{Content, Limits, Peer, oracle};

const LIMITS: Limits = Limits { heads: 8, needs: 8, haves: 2, probes: 8, orphan_bytes: 600 };
const CHANGES: usize = 80;

/// Changes of four writers who merge now and then.
struct History {
    summaries: Vec<Summary>,
    chunks: Vec<Vec<u8>>,
}

fn history() -> &'static History {
    static HISTORY: OnceLock<History> = OnceLock::new();
    HISTORY.get_or_init(|| {
        let (mut graph, mut history) = (Graph::new(), History { summaries: Vec::new(), chunks: Vec::new() });
        let mut last: [Vec<Hash>; 4] = Default::default();
        for n in 0..CHANGES {
            let writer = n * 7 % 4;
            let mut deps: Vec<Hash> = if n % 5 == 0 { graph.heads().collect() } else { last[writer].clone() };
            deps.extend(&last[writer]);
            deps.sort_unstable();
            deps.dedup();
            let seq =
                history.summaries.iter().filter(|made| made.actor().as_bytes()[0] == writer as u8).count();
            let first = Forged::first(&[writer as u8; 16], vec![ForgedOp::set("key", "value")]);
            let made = Forged { deps, seq: seq as u64 + 1, start_op: graph.max_op() + 1, ..first };
            let chunk = made.chunk().1;
            let admitted =
                graph.admit(&chunk, &admit::Limits::default()).expect("a sound change").changes.remove(0);
            graph.insert(&admitted.summary).expect("what was admitted fits");
            last[writer] = vec![admitted.summary.hash()];
            history.summaries.push(admitted.summary);
            history.chunks.push(chunk);
        }
        history
    })
}

/// What happens next.
pub enum Act {
    /// The peer says something.
    Say(Vec<u8>),
    /// The socket has room.
    Plan,
    /// Somebody else's change becomes durable.
    Commit,
    /// It is known what became of changes.
    Settle,
    /// The peer may write, or no longer.
    ReadOnly(bool),
    /// The changes of the peer could not be kept.
    StartOver,
}

/// The acts that the bytes describe, and the hub's side of them.
pub struct Script<'a> {
    bytes: &'a [u8],
    graph: Graph,
    /// The peer as the hub sees it.
    pub peer: Peer,
}

impl<'a> Script<'a> {
    /// The script of these bytes, from a half of the history on.
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut script = Script { bytes, graph: Graph::new(), peer: Peer::new() };
        (0..CHANGES / 2).for_each(|_| script.commit());
        script
    }

    fn roll(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    /// The next act, as long as there are bytes.
    pub fn next_act(&mut self) -> Option<Act> {
        self.bytes.first()?;
        Some(match self.roll() % 16 {
            0..7 => Act::Say(self.message()),
            7 => Act::Say(self.take(64).to_vec()),
            8..11 => Act::Plan,
            11 => Act::Commit,
            12 | 13 => Act::Settle,
            14 => Act::ReadOnly(self.roll() % 2 == 0),
            _ => Act::StartOver,
        })
    }

    fn take(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(most.min(self.bytes.len()));
        self.bytes = rest;
        taken
    }

    /// Hashes of the history, committed or not, and some of nothing.
    fn hashes(&mut self) -> Vec<Hash> {
        let count = self.roll() % 10;
        let pick = |n: u8| history().summaries.get(usize::from(n)).map_or(Hash([n; 32]), Summary::hash);
        (0..count).map(|_| pick(self.roll() % 90)).collect()
    }

    fn message(&mut self) -> Vec<u8> {
        let mut out = vec![0x42 + self.roll() % 2];
        put_hashes(&mut out, &self.hashes());
        put_hashes(&mut out, &self.hashes());
        let haves = self.roll() % 3;
        out.push(haves);
        for _ in 0..haves {
            put_hashes(&mut out, &self.hashes());
            let filter = match self.roll() % 4 {
                0 => &[][..],
                // Claims everything.
                1 => &[4, 2, 3, 0xff],
                _ => self.take(8),
            };
            put_bytes(&mut out, filter);
        }
        let changes = self.roll() % 3;
        out.push(changes);
        for _ in 0..changes {
            match history().chunks.get(usize::from(self.roll())) {
                Some(chunk) => put_bytes(&mut out, chunk),
                None => put_bytes(&mut out, self.take(20)),
            }
        }
        if self.roll() % 4 > 0 {
            out.extend([2, 2, 0x80 | self.roll()]);
        }
        out
    }

    /// The hub hears a message.
    pub fn hear(&mut self, message: &[u8]) {
        let before = format!("{:?}", self.peer);
        if oracle::read(message, &LIMITS).is_err() {
            assert!(self.peer.receive(&self.graph, message, &LIMITS).is_err());
            assert_eq!(format!("{:?}", self.peer), before, "a message that is refused changes nothing");
        } else {
            let _ = self.peer.receive(&self.graph, message, &LIMITS).expect("what is read is taken");
        }
    }

    /// Sends what there is to say. Twice at most: an old peer that starts over is told that all is lost, then what
    /// is there.
    pub fn plan(&mut self) {
        for _ in 0..2 {
            let Some(plan) = self.peer.plan(&self.graph) else { return };
            assert!(plan.heads().is_empty() || self.graph.heads().eq(plan.heads().iter().copied()));
            let chunks: Vec<&[u8]> = match plan.content() {
                Content::Nothing => Vec::new(),
                Content::Document => vec![b"document"],
                Content::Changes(hashes) => hashes.iter().map(|hash| self.chunk(hash)).collect(),
            };
            let sent = plan.encode(&chunks);
            let limits = Limits { heads: CHANGES, needs: CHANGES, ..Limits::default() };
            oracle::read(&sent, &limits).expect("what we write can be read");
        }
        assert_eq!(self.peer.plan(&self.graph), None, "there is always more to say");
    }

    fn chunk(&self, hash: &Hash) -> &'static [u8] {
        let at = self.graph.position(hash).expect("what is sent is there");
        &history().chunks[at]
    }

    /// The next change of the history becomes durable.
    pub fn commit(&mut self) {
        if let Some(next) = history().summaries.get(self.graph.len()) {
            self.graph.insert(next).expect("the history fits");
        }
    }

    /// Says of some changes that they were the peer's, and of others that they wait.
    pub fn settle(&mut self) {
        let (accepted, waiting) = (self.hashes(), self.hashes());
        let orphan = |hash: &Hash| Orphan { hash: *hash, missing: Hash([1; 32]), chunk: vec![0; 100].into() };
        let orphans = waiting.iter().filter(|hash| !self.graph.contains(hash)).map(orphan).collect();
        self.peer.settle(&self.graph, &accepted, orphans, &LIMITS);
        let _ = self.peer.unblocked(&self.graph);
    }

    /// What the hub keeps for the peer is bounded by the limits and the width of the graph, twice at most for lists
    /// that grew.
    pub fn check(&self) {
        let hashes = 4 * LIMITS.heads + LIMITS.needs + 4 * self.graph.len();
        let bound = 1024 + 2 * 32 * hashes + 4 * LIMITS.orphan_bytes;
        assert!(self.peer.size() <= bound, "{} bytes are kept, and {bound} may be", self.peer.size());
    }
}

fn put_hashes(out: &mut Vec<u8>, hashes: &[Hash]) {
    out.push(hashes.len() as u8);
    hashes.iter().for_each(|hash| out.extend(hash.0));
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut len = bytes.len();
    while len >= 0x80 {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
    out.extend(bytes);
}
