//! Why there is no order, in words.

use super::model::State;
use super::search::Stuck;
use super::steps::Step;
use crate::check::Violation;
use crate::history::{Document, Operation};

/// Operations that are shown beside the one without an explanation.
const OTHERS_MAX: usize = 12;
/// Writes that are shown although they were over.
const EARLIER_MAX: usize = 3;

/// The violation for the latest answer that nothing explains.
pub fn explain(document: &Document, operations: &[&Operation], steps: &[Step], stuck: &Stuck) -> Violation {
    let operation = operations[steps[stuck.step].operation];
    let what = format!(
        "no order of the operations explains that {} of {}, {}, was answered {}; at that point {}",
        operation.id,
        operation.client,
        operation.kind,
        operation.end,
        places(&stuck.states),
    );
    let meanwhile = |other: &&&Operation| {
        let unfinished = other.answer().is_none();
        other.invoked <= operation.ended() && (unfinished || other.ended() >= operation.invoked)
    };
    // Mostly the ones whose work is not seen, or seen too early.
    let earlier = operations.iter().rev().filter(|other| other.ended() < operation.invoked);
    let earlier = earlier.filter(|other| other.kind.mark().is_some()).take(EARLIER_MAX);
    let others = earlier.chain(operations.iter().filter(meanwhile)).take(OTHERS_MAX).copied();
    Violation::on(document, what, others.chain([operation]))
}

fn places(states: &[State]) -> String {
    let each = states.iter().map(|state| match state {
        State::Unborn => "the document was not there yet".to_owned(),
        State::Live(live) => format!("it was at version {}", live.version),
        State::Gone => "it was deleted".to_owned(),
    });
    let mut each: Vec<String> = each.collect();
    each.sort();
    each.dedup();
    each.join(", or ")
}
