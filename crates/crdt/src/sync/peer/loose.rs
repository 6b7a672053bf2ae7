//! What is unusual about a peer, kept apart because most peers have none of it most of the time.

use base::Hash;

use super::{Peer, Stage};
use crate::admit::Orphan;
use crate::graph::Graph;

/// The loose ends of a peer.
#[derive(Debug, Clone, Default)]
pub(super) struct Loose {
    /// The peer's last heads, as long as some are missing or it is in doubt what it has.
    pub(super) heads: Vec<Hash>,
    /// Those of its heads that are not in the graph.
    pub(super) missing: Vec<Hash>,
    /// What the peer certainly has, if more is believed of it.
    pub(super) certain: Option<Vec<Hash>>,
    /// Changes that it asked for and has not been sent since, all in the graph.
    pub(super) wanted: Vec<Hash>,
    /// Changes of the peer that wait for others of it.
    pub(super) orphans: Vec<Orphan>,
}

impl Loose {
    pub(super) fn size(&self) -> usize {
        let lists = [Some(&self.heads), Some(&self.missing), self.certain.as_ref(), Some(&self.wanted)];
        let hashes: usize = lists.into_iter().flatten().map(Vec::capacity).sum();
        let chunks: usize = self.orphans.iter().map(|orphan| size_of::<Orphan>() + orphan.chunk.len()).sum();
        size_of::<Loose>() + hashes * size_of::<Hash>() + chunks
    }

    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.certain.is_none() && self.wanted.is_empty() && self.orphans.is_empty()
    }
}

impl Peer {
    /// Changes the loose ends, and forgets them if there are none left.
    pub(super) fn with_loose<T>(&mut self, change: impl FnOnce(&mut Loose) -> T) -> T {
        let loose = self.loose.get_or_insert_default();
        let result = change(loose);
        if loose.is_empty() {
            self.loose = None;
        }
        result
    }

    /// Counts those of the peer's heads that have come into the graph since it named them.
    pub(super) fn resolve(&mut self, graph: &Graph) {
        let Some(loose) = &mut self.loose else { return };
        let came: Vec<Hash> = loose.missing.extract_if(.., |head| graph.contains(head)).collect();
        if !came.is_empty() {
            self.cover(graph, &came);
            self.clear_up(graph);
        }
    }

    /// Ends what was unclear or in doubt, now that all heads of the peer are there and say exactly what it has.
    pub(super) fn clear_up(&mut self, graph: &Graph) {
        let Some(loose) = self.loose.as_deref_mut().filter(|loose| loose.missing.is_empty()) else { return };
        if self.stage == Stage::Unclear {
            self.stage = Stage::Heard;
        }
        if let Some(certain) = &mut loose.certain {
            *certain = graph.frontier(&loose.heads);
            if !self.wary && **certain == *self.covered {
                loose.certain = None;
            }
        }
        self.with_loose(|_| ());
    }
}
