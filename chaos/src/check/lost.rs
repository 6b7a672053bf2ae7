//! No acknowledged write is lost: the mark of each is in its document at the end.
//!
//! A document that somebody tried to delete may be gone with all that was in it. One that nobody looked at in the end is
//! undecided.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Violation};
use crate::history::{Document, History, Kind, Marks};

/// Looks for every acknowledged mark.
pub fn check(history: &History) -> Findings {
    let mut findings = Findings::default();
    let finals: BTreeMap<&Document, Option<Marks>> = history
        .finals
        .iter()
        .map(|last| (&last.document, last.state.map(|state| history.states.marks(state))))
        .collect();
    let deleted: BTreeSet<&Document> = history
        .operations
        .iter()
        .filter(|operation| operation.kind == Kind::Delete)
        .filter_map(|operation| operation.subject())
        .collect();
    let mut unseen: BTreeMap<&Document, u64> = BTreeMap::new();
    for operation in &history.operations {
        let (Some(mark), Some(_), Some(document)) =
            (operation.kind.mark(), operation.ok(), operation.subject())
        else {
            continue;
        };
        findings.examined += 1;
        let what = match finals.get(document) {
            None => {
                *unseen.entry(document).or_default() += 1;
                continue;
            }
            Some(None) if deleted.contains(document) => continue,
            Some(None) => format!("{mark} was acknowledged, and its document is gone, which nobody deleted"),
            Some(Some(marks)) if marks.binary_search(&mark).is_ok() => continue,
            Some(Some(_)) => format!("{mark} was acknowledged and is not there at the end"),
        };
        findings.violated(Violation::on(document, what, [operation]));
    }
    findings.undecided = unseen
        .into_iter()
        .map(|(document, writes)| format!("nobody looked at {document} at the end; {writes} acknowledged"))
        .collect();
    findings
}
