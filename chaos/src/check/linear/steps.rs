//! The operations of a history as those of the model.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::faces::Faces;
use super::model::{Act, Print, Sight};
use crate::history::{Answer, End, Kind, Marks, Micros, Operation, StateId};

/// One operation. It acts first, and then its answer is seen, both between invocation and return: the answer to an edit
/// shows the document as it is after the edit, and may show later edits, too.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its place among the operations of the document.
    pub operation: usize,
    /// When it was sent.
    pub invoked: Micros,
    /// When it was answered; never, if its outcome is unknown.
    pub returned: Option<Micros>,
    /// What it does.
    pub act: Option<Act>,
    /// Whether it has to have done that when it returns.
    pub must_act: bool,
    /// What its answer shows.
    pub sight: Option<Sight>,
}

impl Step {
    /// Whether it creates the document.
    pub fn is_creation(&self) -> bool {
        matches!(self.act, Some(Act::Create(_)))
    }
}

/// Everything that says something about the order.
pub fn steps(operations: &[&Operation], states: &BTreeMap<StateId, Marks>, faces: &Faces<'_>) -> Vec<Step> {
    let all = operations.iter().enumerate();
    all.filter_map(|(number, operation)| step(number, operation, states, faces)).collect()
}

fn step(
    number: usize,
    operation: &Operation,
    states: &BTreeMap<StateId, Marks>,
    faces: &Faces<'_>,
) -> Option<Step> {
    let act = match &operation.kind {
        Kind::Create { mark } => Some(Act::Create(*mark)),
        Kind::Edit { mark, .. } => Some(Act::Edit(*mark)),
        Kind::Swap { mark, tag } => Some(Act::Swap(*mark, faces.version(tag))),
        Kind::Delete => Some(Act::Delete),
        Kind::Read => None,
        Kind::ReadAt { .. } => return None,
    };
    let step = Step {
        operation: number,
        invoked: operation.invoked,
        returned: Some(operation.ended()),
        act,
        must_act: act.is_some(),
        sight: None,
    };
    match &operation.end {
        End::Unknown { .. } => act.map(|_| Step { returned: None, must_act: false, ..step }),
        // Who deletes is told nothing more.
        End::Ok { .. } if operation.kind == Kind::Delete => Some(step),
        End::Ok { answer, .. } => Some(Step { sight: Some(sight(answer, states, faces)), ..step }),
        // Not found may mean: done, and deleted before the answer was made. Nobody can see the difference but who looked
        // in between.
        End::Failed { answer, .. } if answer.absent => {
            let act = act.filter(|act| !matches!(act, Act::Create(_) | Act::Delete));
            Some(Step { act, must_act: false, sight: Some(Sight::Absent), ..step })
        }
        End::Failed { answer, .. } => {
            let Kind::Swap { tag, .. } = &operation.kind else { return None };
            answer.tag.as_ref()?;
            let Sight::Present { version, marks, .. } = sight(answer, states, faces) else { return None };
            let sight = Sight::Present { version, marks, not: faces.version(tag) };
            Some(Step { act: None, must_act: false, sight: Some(sight), ..step })
        }
    }
}

fn sight(answer: &Answer, states: &BTreeMap<StateId, Marks>, faces: &Faces<'_>) -> Sight {
    if answer.absent {
        return Sight::Absent;
    }
    let of_tag = || answer.tag.as_deref().and_then(|tag| faces.version(tag));
    let marks = answer.seen.and_then(|state| states.get(&state)).map(|marks| {
        let mut marks = marks.clone();
        // That a mark is there twice is for another checker to say.
        marks.dedup();
        let print = Print::of(&marks);
        (Arc::from(marks), print)
    });
    Sight::Present { version: answer.version.or_else(of_tag), marks, not: None }
}
