//! One peer of one document: what it has and has been told, and so what to send it next.
//!
//! A peer is a value without a socket or a clock. Its owner feeds it what comes in (`receive`), says when the
//! changes that came are durable (`settle`), and asks for a message whenever there is room for one (`plan`);
//! whatever has happened since the last message then goes into one.
//!
//! Invariants:
//! - the stream to the peer is reliable and in order, and ends with the peer: after a break it is met afresh;
//! - `covered` is everything that the peer has, is believed to have, or has been sent, as the newest changes of
//!   that, so that it is small however much was sent; it names changes of the graph alone;
//! - what the heads say is exact; a filter is believed only until the peer asks for what it wrongly claimed;
//! - heads that are told are in the graph, hence durable;
//! - a message is sent only with news in it, so that two sides never answer each other without end;
//! - in sync, a peer owns no memory but itself: its heads are shared with the graph.

mod believe;
mod loose;
mod orphans;
mod plan;
mod receive;
#[cfg(test)]
mod tests;

use std::hash::{DefaultHasher, Hash as _, Hasher};
use std::sync::Arc;

use base::Hash;

use crate::graph::Graph;
use loose::Loose;

pub use receive::Received;

/// A peer that syncs one document with us.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Our heads, as we last said them.
    told: Arc<[Hash]>,
    covered: Arc<[Hash]>,
    /// What is not as usual; none in sync.
    loose: Option<Box<Loose>>,
    /// Changes that we asked for last, in short.
    asked: u64,
    /// Changes that were sent because the peer asked for them last, in short.
    answered: u64,
    /// Messages of the peer whose changes are not settled.
    pending: u32,
    stage: Stage,
    /// It reads messages of version 2.
    version_2: bool,
    /// It knows what a reset is.
    knows_reset: bool,
    /// It does not take our changes.
    ignores_us: bool,
    /// We do not take its changes.
    read_only: bool,
    /// The next message is sent with or without news.
    reply_due: bool,
    /// The next message asks for changes that were sent before.
    reset_due: bool,
    /// It once did not have what it had been sent, so that only what it says it has is counted on.
    wary: bool,
}

/// How far the exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The peer has not said what it has.
    Unheard,
    /// It has said so in terms of changes that are not there: before they come, it is sent what it asks for.
    Unclear,
    /// It has said what it has.
    Heard,
    /// It has been sent everything since, so that what it says to have is old news.
    Exchanged,
}

impl Default for Peer {
    fn default() -> Self {
        Peer::new()
    }
}

impl Peer {
    /// A peer that was just met.
    pub fn new() -> Self {
        Peer {
            told: Arc::default(),
            covered: Arc::default(),
            loose: None,
            asked: 0,
            answered: 0,
            pending: 0,
            stage: Stage::Unheard,
            version_2: false,
            knows_reset: false,
            ignores_us: false,
            read_only: false,
            reply_due: true,
            reset_due: false,
            wary: false,
        }
    }

    /// A peer that was just met and whose changes are not taken.
    pub fn read_only() -> Self {
        Peer { read_only: true, ..Peer::new() }
    }

    /// Says whether the changes of the peer are taken from now on. Those that it sent in vain it is asked for
    /// again.
    pub fn set_read_only(&mut self, read_only: bool) {
        if self.read_only != read_only {
            self.read_only = read_only;
            self.reply_due = true;
            self.reset_due |= !read_only;
            self.asked = 0;
        }
    }

    /// Whether the changes of the peer are left out.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Whether the peer has everything and nothing of it is outstanding, as far as anyone knows.
    pub fn is_in_sync(&self, graph: &Graph) -> bool {
        let heads = graph.shared_heads();
        self.stage == Stage::Exchanged && self.loose.is_none() && self.pending == 0 && self.covered == heads
    }

    /// How many bytes of memory the peer alone is the reason for.
    pub fn size(&self) -> usize {
        let own = |heads: &Arc<[Hash]>| if Arc::strong_count(heads) == 1 { size_of_val(&**heads) } else { 0 };
        let loose = self.loose.as_ref().map_or(0, |loose| loose.size());
        size_of::<Peer>() + own(&self.told) + own(&self.covered) + loose
    }

    /// Asks the peer for everything that it has and we do not, whatever it has sent before. For when its
    /// changes could not be kept. It is asked also if nobody will settle those.
    pub fn start_over(&mut self) {
        self.reset_due = true;
        self.reply_due = true;
        self.asked = 0;
        self.pending = 0;
        self.with_loose(|loose| loose.orphans.clear());
    }

    /// Counts more changes as the peer's. Those that are not in the graph are passed over.
    fn cover(&mut self, graph: &Graph, more: &[Hash]) {
        if !more.iter().all(|hash| self.covered.binary_search(hash).is_ok()) {
            self.set_covered(graph, graph.frontier(&[&self.covered, more].concat()));
        }
    }

    fn set_covered(&mut self, graph: &Graph, frontier: Vec<Hash>) {
        let shared = graph.shared_heads();
        self.covered = match *frontier == *shared {
            true => shared,
            false => frontier.into(),
        };
    }
}

/// Some changes in short, to know them again; 0 is none.
fn in_short(changes: &[Hash]) -> u64 {
    if changes.is_empty() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    changes.hash(&mut hasher);
    hasher.finish().max(1)
}
