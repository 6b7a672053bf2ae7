//! What becomes of the changes of a peer. A filter of ours now and then hides one from it; those that were made on
//! that one then come before it, and wait.

use std::collections::BTreeMap;

use base::Hash;

use super::Peer;
use crate::admit::Orphan;
use crate::graph::Graph;
use crate::sync::Limits;

impl Peer {
    /// Says what became of changes that `receive` or `unblocked` gave, once for each time: which of them are in
    /// the graph, hence durable, and which wait for others. Those that were refused are in neither.
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
            loose.orphans.iter().map(|orphan| size_of::<Orphan>() + orphan.chunk.len()).sum::<usize>()
        });
        if held > limits.orphan_bytes {
            self.start_over();
        }
    }

    /// Whether changes of the peer wait for others.
    pub fn has_orphans(&self) -> bool {
        self.loose.as_ref().is_some_and(|loose| !loose.orphans.is_empty())
    }

    /// The changes of the peer that no longer wait for the change that they waited for, and those behind them,
    /// if there are any. They are to be admitted and settled like those of a message. To be asked whenever
    /// changes have come into the graph, from whomever.
    pub fn unblocked(&mut self, graph: &Graph) -> Option<Vec<u8>> {
        let loose = self.loose.as_ref()?;
        loose.orphans.iter().find(|orphan| graph.contains(&orphan.missing))?;
        let freed = self.with_loose(|loose| free(&mut loose.orphans, graph));
        self.pending += 1;
        let chunks: Vec<&[u8]> = freed.iter().map(|orphan| &orphan.chunk[..]).collect();
        Some(chunks.concat())
    }
}

/// Takes those out whose wait is over, each before those that wait for it.
fn free(orphans: &mut Vec<Orphan>, graph: &Graph) -> Vec<Orphan> {
    let mut waiting: BTreeMap<Hash, Vec<Orphan>> = BTreeMap::new();
    for orphan in orphans.drain(..) {
        waiting.entry(orphan.missing).or_default().push(orphan);
    }
    let mut came: Vec<Hash> = waiting.keys().copied().filter(|missing| graph.contains(missing)).collect();
    let mut freed = Vec::new();
    while let Some(change) = came.pop() {
        let behind = waiting.remove(&change).unwrap_or_default();
        came.extend(behind.iter().map(|orphan| orphan.hash));
        freed.extend(behind);
    }
    orphans.extend(waiting.into_values().flatten());
    freed
}
