//! What becomes of the changes of a peer.

use base::Hash;

use super::Peer;
use crate::admit::Orphan;
use crate::graph::Graph;
use crate::sync::Limits;

impl Peer {
    /// Says what became of changes that `receive` or `unblocked` gave: which of them are in the graph, hence
    /// durable, and which wait for others. The latter are given out again with the next changes of the peer.
    /// Changes that were refused are in neither.
    pub fn settle(&mut self, graph: &Graph, accepted: &[Hash], orphans: Vec<Orphan>, limits: &Limits) {
        self.pending = self.pending.saturating_sub(1);
        self.resolve(graph);
        if self.loose.as_ref().is_some_and(|loose| !loose.missing.is_empty()) {
            self.cover(graph, accepted);
        }
        if orphans.is_empty() {
            return;
        }
        let held = self.with_loose(|loose| {
            loose.orphans.extend(orphans);
            loose.orphans.iter().map(|orphan| orphan.chunk.len()).sum::<usize>()
        });
        if held > limits.orphan_bytes {
            self.start_over();
        }
    }

    /// The changes of the peer that waited, if something that one of them waited for has come from elsewhere.
    /// They are to be admitted and settled like those of a message.
    pub fn unblocked(&mut self, graph: &Graph) -> Option<Vec<u8>> {
        let loose = self.loose.as_ref()?;
        loose.orphans.iter().find(|orphan| graph.contains(&orphan.missing))?;
        self.pending += 1;
        self.take_orphans()
    }

    /// The changes that wait, one behind the other, if there are any.
    pub(super) fn take_orphans(&mut self) -> Option<Vec<u8>> {
        let loose = self.loose.as_ref()?;
        if loose.orphans.is_empty() {
            return None;
        }
        let orphans = self.with_loose(|loose| std::mem::take(&mut loose.orphans));
        let chunks: Vec<&[u8]> = orphans.iter().map(|orphan| &orphan.chunk[..]).collect();
        Some(chunks.concat())
    }
}
