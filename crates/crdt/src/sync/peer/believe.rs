//! What a peer has, from what it says of itself at the beginning of an exchange.

use base::Hash;

use super::{Peer, Stage};
use crate::graph::Graph;
use crate::sync::Haves;
use crate::sync::bloom::Bloom;

impl Peer {
    /// Takes the peer's word for what it has.
    ///
    /// Heads that are all there say it exactly. If some are missing, the peer has at least what was there at its
    /// last sync, and of what came since what its filter claims. If even that is in terms of changes that are
    /// not there, nothing but the known heads is sure.
    pub(super) fn believe(&mut self, graph: &Graph, known: &[Hash], all_known: bool, haves: Haves<'_>) {
        let mut sure = known.to_vec();
        let mut clear = !haves.is_empty();
        for head in haves.iter().flat_map(|have| have.last_sync.iter()) {
            match graph.contains(&head) {
                true => sure.push(head),
                false => clear = false,
            }
        }
        let sure = graph.frontier(if all_known { known } else { &sure });
        let claimed = if clear && !all_known { claimed(graph, &sure, haves) } else { Vec::new() };
        let in_doubt = self.wary || !claimed.is_empty() || !(clear || all_known);
        self.stage = if clear || all_known { Stage::Heard } else { Stage::Unclear };
        self.set_covered(graph, &[&sure[..], &claimed].concat());
        self.with_loose(|loose| loose.certain = in_doubt.then_some(sure));
    }
}

/// The changes on top of those that the peer surely has which a filter claims, and on which nothing stands that
/// the peer lacks: with these, what it has is again everything up to some changes.
fn claimed(graph: &Graph, sure: &[Hash], haves: Haves<'_>) -> Vec<Hash> {
    let filters: Vec<Bloom<'_>> =
        haves.iter().map(|have| have.filter).filter(|filter| !filter.is_empty()).collect();
    if filters.is_empty() {
        return Vec::new();
    }
    let mut lacking = std::collections::HashSet::new();
    let mut claimed = Vec::new();
    for change in graph.since(sure) {
        let on_lacking = graph.deps(&change).into_iter().flatten().any(|dep| lacking.contains(&dep));
        match !on_lacking && filters.iter().any(|filter| filter.claims(&change)) {
            true => claimed.push(change),
            false => drop(lacking.insert(change)),
        }
    }
    claimed
}
