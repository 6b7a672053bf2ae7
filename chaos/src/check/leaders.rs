//! No term has two leaders.

use std::collections::BTreeMap;

use super::{Findings, Violation};
use crate::history::{History, Leadership, ShardId};

/// Compares all who were seen to lead a shard in a term.
pub fn check(history: &History) -> Findings {
    let mut findings = Findings::default();
    let mut terms: BTreeMap<(ShardId, u64), Vec<&Leadership>> = BTreeMap::new();
    for seen in &history.leaders {
        let leaders = terms.entry((seen.shard, seen.term)).or_default();
        if leaders.iter().all(|other| other.node != seen.node) {
            leaders.push(seen);
        }
    }
    for ((shard, term), leaders) in terms {
        findings.examined += 1;
        if leaders.len() > 1 {
            let seen = leaders.iter().map(|leader| format!("{} at {}", leader.node, leader.at));
            let seen = seen.collect::<Vec<_>>().join(", and ");
            let found = Violation::of(format!("{shard} was led in term {term} by {seen}"), []);
            findings.violated(found.at(leaders[leaders.len() - 1].at));
        }
    }
    findings
}
