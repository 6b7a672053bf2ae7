//! No write is applied twice, or uninvited.
//!
//! Whoever saw a document, during the drill or at its end, saw each mark at most once. At the end each mark is in the one
//! document that it was written into, and there is none that nobody wrote or that was refused.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Violation};
use crate::history::{Document, End, History, Operation};
use crate::ledger::Mark;

/// Looks for marks that are there too often, or for no reason.
pub fn check(history: &History) -> Findings {
    let mut findings = Findings::default();
    let writers: BTreeMap<Mark, &Operation> = history
        .operations
        .iter()
        .filter_map(|operation| operation.kind.mark().map(|mark| (mark, operation)))
        .collect();
    let documents: BTreeSet<&Document> = history
        .operations
        .iter()
        .filter_map(Operation::subject)
        .chain(history.finals.iter().map(|last| &last.document))
        .collect();
    for document in documents {
        let states = history.states.of(document);
        findings.examined += states.len() as u64;
        let repeated = |marks: &[Mark]| -> Vec<Mark> {
            marks.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
        };
        let twice: BTreeSet<Mark> = states.iter().flat_map(|(_, marks)| repeated(marks)).collect();
        for mark in twice {
            let what = format!("{mark} is there more than once");
            findings.violated(Violation::on(document, what, writers.get(&mark).copied()));
        }
    }
    let mut found: BTreeMap<Mark, &Document> = BTreeMap::new();
    for last in &history.finals {
        let mut marks = last.state.map(|state| history.states.marks(state)).unwrap_or_default();
        marks.dedup();
        for mark in marks {
            let elsewhere = found.insert(mark, &last.document).filter(|other| **other != last.document);
            let writer = writers.get(&mark).copied();
            let what = match elsewhere {
                Some(other) => Some(format!("{mark} is in {other}, too")),
                None => uninvited(mark, &last.document, writer),
            };
            if let Some(what) = what {
                findings.violated(Violation::on(&last.document, what, writer));
            }
        }
    }
    findings
}

/// Why a mark should not be in this document.
fn uninvited(mark: Mark, document: &Document, writer: Option<&Operation>) -> Option<String> {
    let Some(writer) = writer else { return Some(format!("{mark} was written by nobody")) };
    if writer.subject().is_some_and(|wanted| wanted != document) {
        return Some(format!("{mark} was written into another document"));
    }
    matches!(writer.end, End::Failed { .. }).then(|| format!("{mark} was refused and is there"))
}
