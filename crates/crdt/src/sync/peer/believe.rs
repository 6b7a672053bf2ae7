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
        let believed = if clear && !all_known { with_claimed(graph, &sure, haves) } else { sure.clone() };
        let in_doubt = self.wary || believed != sure || !(clear || all_known);
        self.stage = if clear || all_known { Stage::Heard } else { Stage::Unclear };
        self.set_covered(graph, believed);
        self.with_loose(|loose| loose.certain = in_doubt.then_some(sure));
    }
}

/// What the peer surely has and the changes on top that a filter claims, as the newest of them. A change on top of
/// one that the peer lacks is lacking, too: no library has it otherwise.
fn with_claimed(graph: &Graph, sure: &[Hash], haves: Haves<'_>) -> Vec<Hash> {
    let filters: Vec<Bloom<'_>> =
        haves.iter().map(|have| have.filter).filter(|filter| !filter.is_empty()).collect();
    match filters.is_empty() {
        true => sure.to_vec(),
        false => graph.joined(sure, |change| filters.iter().any(|filter| filter.claims(change))),
    }
}
