//! Strong reads and conditional writes are linearizable per document.
//!
//! There has to be one order of the operations on a document that explains every answer: each takes effect at one moment
//! between its invocation and its answer. What has an unknown outcome takes effect at any time after its invocation, or
//! never. `model` says what a document does with an operation, `steps` makes the operations of a history into those of
//! the model, `faces` holds what each version was seen to be, `order` what time alone rules out, `limits` how early
//! and late a write can have come, and `search` looks for the order. Reads on a replica are not strong, and have [a checker of their own](super::revisions).

mod explain;
mod faces;
mod limits;
mod model;
mod order;
mod search;
mod steps;

#[cfg(test)]
mod brute;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::{Findings, Violation};
use crate::history::{Document, History, Operation};
use faces::Faces;
use search::Outcome;

/// Looks for an order of the operations on each document, taking at most `budget` steps for each.
pub fn check(history: &History, budget: u64) -> Findings {
    let mut findings = Findings::default();
    let mut documents: BTreeMap<&Document, Vec<&Operation>> = BTreeMap::new();
    for operation in &history.operations {
        if let Some(document) = operation.subject() {
            documents.entry(document).or_default().push(operation);
        }
    }
    for (document, operations) in documents {
        judge(history, document, &operations, budget, &mut findings);
    }
    findings
}

fn judge(
    history: &History,
    document: &Document,
    operations: &[&Operation],
    budget: u64,
    findings: &mut Findings,
) {
    let states = history.states.of(document).into_iter().collect();
    let (faces, clashes) = Faces::of(operations, &states);
    if !clashes.is_empty() {
        findings.examined += operations.len() as u64;
        for clash in clashes {
            findings.violated(Violation::on(document, clash.what, clash.witnesses));
        }
        return;
    }
    let steps = steps::steps(operations, &states, &faces);
    if steps.is_empty() {
        return;
    }
    if !steps.iter().any(|step| step.is_creation()) {
        findings.undecided.push(format!("nobody created {document}, so nobody knows how it began"));
        return;
    }
    findings.examined += steps.len() as u64;
    let impossible = order::violations(document, operations, &steps);
    if !impossible.is_empty() {
        impossible.into_iter().for_each(|violation| findings.violated(violation));
        return;
    }
    match search::search(&steps, budget) {
        Outcome::Ordered => {}
        Outcome::Exhausted => findings
            .undecided
            .push(format!("{document}: no order of {} operations was found in {budget} steps", steps.len())),
        Outcome::Stuck(stuck) => findings.violated(explain::explain(document, operations, &steps, &stuck)),
    }
}
