//! The next message to the peer.

use std::collections::HashSet;
use std::sync::Arc;

use base::Hash;

use super::{Peer, Stage, in_short};
use crate::graph::Graph;
use crate::sync::bloom;
use crate::sync::plan::Has;
use crate::sync::{Content, Flags, Plan, Version};

/// Fewer changes than this never make a whole document: they are at hand, and it has to be fetched.
const FEW: usize = 32;

impl Peer {
    /// What to send next; none if there is nothing that the peer does not know. What is in the plan counts as
    /// sent: it has to go out, before any later one.
    pub fn plan(&mut self, graph: &Graph) -> Option<Plan> {
        self.resolve(graph);
        let heads = graph.shared_heads();
        if self.is_idle(&heads) {
            return None;
        }
        let content = self.content(graph, &heads);
        let needs = self.needs(graph);
        if content == Content::Nothing && same(&self.told, &heads) && !self.may_speak(&needs) {
            return None;
        }
        if self.sends() {
            self.covered = heads.clone();
            self.stage = Stage::Exchanged;
        }
        let have = self.have(graph, &heads, &needs);
        self.reply_due = false;
        self.asked = in_short(&needs);
        self.told = heads.clone();
        let version = if self.version_2 { Version::V2 } else { Version::V1 };
        let (heads, flags) = self.announce(heads);
        Some(Plan { version, flags, heads, needs, have, content })
    }

    /// Whether there surely is nothing to be sent now: found at no cost, for those who would be asked in vain.
    pub fn is_quiet(&self, graph: &Graph) -> bool {
        self.is_idle(&graph.shared_heads())
    }

    fn is_idle(&self, heads: &Arc<[Hash]>) -> bool {
        self.loose.is_none()
            && !self.reply_due
            && same(&self.told, heads)
            && (!self.sends() || same(&self.covered, heads))
    }

    /// Whether there is something to say beside what is new in the document. A peer whose changes are on their
    /// way into the graph is answered when they have arrived.
    fn may_speak(&self, needs: &[Hash]) -> bool {
        let asks = !needs.is_empty() && in_short(needs) != self.asked;
        self.pending == 0 && (self.reply_due || asks)
    }

    /// Whether changes may be sent.
    fn sends(&self) -> bool {
        !self.ignores_us && matches!(self.stage, Stage::Heard | Stage::Exchanged)
    }

    fn content(&mut self, graph: &Graph, heads: &Arc<[Hash]>) -> Content {
        let owes = self.sends() && !same(&self.covered, heads);
        let wanted = self.loose.is_some().then(|| self.with_loose(|loose| std::mem::take(&mut loose.wanted)));
        if owes && self.version_2 && self.covered.is_empty() {
            return Content::Document;
        }
        let owed = if owes { graph.since(&self.covered) } else { Vec::new() };
        if self.version_2 && owed.len() > FEW && owed.len() > graph.len() / 3 {
            return Content::Document;
        }
        match in_order(graph, wanted.unwrap_or_default(), owed) {
            changes if changes.is_empty() => Content::Nothing,
            changes => Content::Changes(changes.into()),
        }
    }

    /// What the peer has and we need, as far as it is known by name: its heads, and what those that wait were
    /// made on. Nothing while changes of the peer are on their way into the graph.
    fn needs(&self, graph: &Graph) -> Box<[Hash]> {
        let Some(loose) = self.loose.as_ref().filter(|_| self.pending == 0 && !self.read_only) else {
            return Box::default();
        };
        let waiting: HashSet<Hash> = loose.orphans.iter().map(|orphan| orphan.hash).collect();
        let below = loose.orphans.iter().map(|orphan| orphan.missing).filter(|hash| !graph.contains(hash));
        let named = loose.missing.iter().copied().chain(below);
        let mut needs: Vec<Hash> = named.filter(|hash| !waiting.contains(hash)).collect();
        needs.sort_unstable();
        needs.dedup();
        needs.into()
    }

    /// What we have. A peer that reads this has been sent everything up to our heads, so that they say it all,
    /// unless that was sent in doubt. It is left out when single changes are asked for: the peer then sends those
    /// and no others.
    fn have(&mut self, graph: &Graph, heads: &Arc<[Hash]>, needs: &[Hash]) -> Option<Has> {
        let loose = self.loose.as_deref();
        if !needs.iter().all(|need| loose.is_some_and(|loose| loose.missing.contains(need))) {
            return None;
        }
        let certain = loose.and_then(|loose| loose.certain.as_deref());
        if certain.is_none() && same(&self.covered, heads) {
            return Some(Has { last_sync: heads.clone(), filter: Vec::new() });
        }
        let last_sync = certain.map_or_else(|| self.covered.clone(), Arc::from);
        let since = if self.reset_due { Vec::new() } else { graph.since(&last_sync) };
        Some(Has { last_sync, filter: bloom::encode(&since) })
    }

    /// The heads and flags to send. A peer that knows no reset starts over with one that has lost everything;
    /// what is true is then told at once after.
    fn announce(&mut self, heads: Arc<[Hash]>) -> (Arc<[Hash]>, Flags) {
        let read_only = if self.read_only { Flags::READ_ONLY } else { Flags::none() };
        let flags = Flags::KNOWS_RESET.and(read_only);
        match (std::mem::take(&mut self.reset_due), self.knows_reset) {
            (false, _) => (heads, flags),
            (true, true) => (heads, flags.and(Flags::RESET)),
            (true, false) => {
                self.told = Arc::default();
                (Arc::default(), flags)
            }
        }
    }
}

/// What was asked for and what is new, each once, ancestors first.
fn in_order(graph: &Graph, wanted: Vec<Hash>, owed: Vec<Hash>) -> Vec<Hash> {
    if wanted.is_empty() {
        return owed;
    }
    let mut changes = [wanted, owed].concat();
    changes.sort_by_key(|change| graph.position(change));
    changes.dedup();
    changes
}

/// Whether these are the same heads, which most often are the same memory.
fn same(a: &Arc<[Hash]>, b: &Arc<[Hash]>) -> bool {
    Arc::ptr_eq(a, b) || a == b
}
