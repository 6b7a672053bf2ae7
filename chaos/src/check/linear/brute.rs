//! The promise, spelled out without any cleverness: every order of the parts of all operations is tried. The search has
//! to say the same for every history that is small enough.

use std::collections::BTreeSet;

use super::model::{Act, Sight};
use super::steps::Step;
use crate::ledger::Mark;

/// A document with its marks in full.
#[derive(Clone)]
enum Document {
    Unborn,
    Live { version: u64, marks: BTreeSet<Mark>, sealed: bool },
    Gone,
}

/// One step's part in an order.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Act,
    See,
}

/// Whether there is an order.
pub fn is_linearizable(steps: &[Step]) -> bool {
    place(steps, &mut vec![], &Document::Unborn)
}

fn place(steps: &[Step], placed: &mut Vec<(usize, Part)>, document: &Document) -> bool {
    if (0..steps.len()).all(|step| is_complete(steps, placed, step)) {
        return true;
    }
    for step in 0..steps.len() {
        // Whoever was answered before this one began has to be complete.
        let earlier = |other: &usize| steps[*other].returned.is_some_and(|at| at < steps[step].invoked);
        if !(0..steps.len()).filter(earlier).all(|other| is_complete(steps, placed, other)) {
            continue;
        }
        for part in [Part::Act, Part::See] {
            if !may_come(steps, placed, step, part) {
                continue;
            }
            for next in after(&steps[step], part, document) {
                placed.push((step, part));
                if place(steps, placed, &next) {
                    return true;
                }
                placed.pop();
            }
        }
    }
    false
}

fn is_complete(steps: &[Step], placed: &[(usize, Part)], number: usize) -> bool {
    let step = &steps[number];
    let acted = !step.must_act || placed.contains(&(number, Part::Act));
    let seen = step.sight.is_none() || placed.contains(&(number, Part::See));
    step.returned.is_none() || (acted && seen)
}

fn may_come(steps: &[Step], placed: &[(usize, Part)], number: usize, part: Part) -> bool {
    let step = &steps[number];
    let acted = placed.contains(&(number, Part::Act));
    let seen = placed.contains(&(number, Part::See));
    match part {
        Part::Act => step.act.is_some() && !acted && !seen,
        Part::See => step.sight.is_some() && !seen && (acted || !step.must_act),
    }
}

fn after(step: &Step, part: Part, document: &Document) -> Vec<Document> {
    match part {
        Part::Act => acted(step.act.unwrap(), document),
        Part::See => seen(step.sight.as_ref().unwrap(), document).into_iter().collect(),
    }
}

fn acted(act: Act, document: &Document) -> Vec<Document> {
    let with = |marks: &BTreeSet<Mark>, mark| marks.iter().copied().chain([mark]).collect();
    match (document, act) {
        (Document::Unborn, Act::Create(mark)) => {
            vec![Document::Live { version: 1, marks: BTreeSet::from([mark]), sealed: true }]
        }
        (Document::Live { version, marks, sealed }, Act::Edit(mark)) => {
            let mut next =
                vec![Document::Live { version: version + 1, marks: with(marks, mark), sealed: false }];
            if !sealed {
                next.push(Document::Live { version: *version, marks: with(marks, mark), sealed: false });
            }
            next
        }
        (Document::Live { version, marks, .. }, Act::Swap(mark, Some(wanted))) if *version == wanted => {
            vec![Document::Live { version: version + 1, marks: with(marks, mark), sealed: false }]
        }
        (Document::Live { .. }, Act::Delete) => vec![Document::Gone],
        _ => vec![],
    }
}

fn seen(sight: &Sight, document: &Document) -> Option<Document> {
    match (document, sight) {
        (Document::Live { version, marks, .. }, Sight::Present { version: told, marks: shown, not }) => {
            let shown = shown.as_ref().map(|(shown, _)| shown.iter().copied().collect::<BTreeSet<_>>());
            let holds = told.is_none_or(|told| told == *version)
                && shown.is_none_or(|shown| shown == *marks)
                && *not != Some(*version);
            let sealed = Document::Live { version: *version, marks: marks.clone(), sealed: true };
            holds.then_some(sealed)
        }
        (Document::Live { .. }, _) | (_, Sight::Present { .. }) => None,
        (document, Sight::Absent) => Some(document.clone()),
    }
}
