//! What time alone rules out: an answer that shows an older version than one that was known before it was asked for, lacks
//! a mark that was acknowledged by then, or has one that nobody had sent.
//!
//! The search would find no order either, but after a long time, and it could not name the two operations.

use std::collections::BTreeMap;

use super::model::Sight;
use super::steps::Step;
use crate::check::Violation;
use crate::history::{Document, Operation};
use crate::ledger::Mark;

/// Every answer that cannot have been given when it was.
pub fn violations(document: &Document, operations: &[&Operation], steps: &[Step]) -> Vec<Violation> {
    let told = |step: &Step| match &step.sight {
        Some(Sight::Present { version, .. }) => *version,
        _ => None,
    };
    let mut answered: Vec<&Step> = steps.iter().filter(|step| told(step).is_some()).collect();
    answered.sort_by_key(|step| step.returned);
    let mut answered = answered.into_iter().peekable();
    let mut asked: Vec<&Step> = steps.iter().collect();
    asked.sort_by_key(|step| step.invoked);
    let writers: BTreeMap<Mark, &Operation> =
        operations.iter().filter_map(|operation| Some((operation.kind.mark()?, *operation))).collect();
    let mut newest: Option<(u64, &Operation)> = None;
    let mut violations = vec![];
    for step in asked {
        while let Some(before) = answered.next_if(|before| before.returned < Some(step.invoked)) {
            let known = told(before).map(|version| (version, operations[before.operation]));
            newest = [newest, known].into_iter().flatten().max_by_key(|(version, _)| *version);
        }
        let operation = operations[step.operation];
        let (what, others) = match (told(step), newest) {
            (Some(version), Some((known, other))) if version < known => {
                let known = format!("version {known} was known at {}", other.ended());
                (
                    format!("{} of {} saw version {version}; {known}", operation.id, operation.client),
                    vec![other],
                )
            }
            _ => {
                (format!("{} of {} saw other marks than it can have", operation.id, operation.client), vec![])
            }
        };
        let (words, named) = marks(step, operation, &writers);
        if !words.is_empty() || !others.is_empty() {
            let witnesses = named.into_iter().chain(others).chain([operation]);
            violations.push(Violation::on(document, what + &words, witnesses));
        }
    }
    violations
}

/// What an answer lacks and should have, and the other way round, with who wrote that.
fn marks<'h>(
    step: &Step,
    read: &Operation,
    writers: &BTreeMap<Mark, &'h Operation>,
) -> (String, Vec<&'h Operation>) {
    let (mut words, mut named) = (String::new(), vec![]);
    let Some(Sight::Present { marks: Some((seen, _)), .. }) = &step.sight else { return (words, named) };
    for (mark, writer) in writers {
        let acknowledged = writer.ok().is_some() && writer.ended() < read.invoked;
        if acknowledged && seen.binary_search(mark).is_err() {
            words.push_str(&format!("; it lacks {mark}, acknowledged at {}", writer.ended()));
            named.push(*writer);
        }
    }
    for mark in seen.iter() {
        match writers.get(mark) {
            None => words.push_str(&format!("; it has {mark}, which nobody wrote here")),
            Some(writer) if writer.invoked > read.ended() => {
                words.push_str(&format!("; it has {mark}, which was sent only at {}", writer.invoked));
                named.push(*writer);
            }
            Some(_) => {}
        }
    }
    (words, named)
}
