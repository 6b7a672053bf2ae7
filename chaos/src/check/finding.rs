//! What a checker found, in words that lead a person to the operations.

use serde::{Deserialize, Serialize};

use crate::history::{ClientId, Document, Micros, Operation, OperationId};

/// Violations that are told in full; of the others only the number is.
pub const VIOLATIONS_MAX: usize = 100;

/// What came of one property.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// How many things were looked at: what they are depends on the property.
    pub examined: u64,
    /// The first of the violations, at most [`VIOLATIONS_MAX`].
    pub violations: Vec<Violation>,
    /// How many more there are.
    pub more: u64,
    /// What could not be decided, each with its reason.
    pub undecided: Vec<String>,
}

/// Whether a promise was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was.
    Kept,
    /// It was not.
    Broken,
    /// The checker could not tell.
    Undecided,
    /// There was nothing to look at, which proves nothing.
    NotExamined,
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// What happened, as a sentence.
    pub what: String,
    /// When it came to light: when the last of the operations ended, mostly.
    pub at: Option<Micros>,
    /// The document that it happened to.
    pub document: Option<Document>,
    /// The operations that show it, in the order of time.
    pub witnesses: Vec<Witness>,
}

/// An operation that shows a violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Which.
    pub operation: OperationId,
    /// Whose.
    pub client: ClientId,
    /// When it was sent.
    pub invoked: Micros,
    /// When its client had an answer, or gave up.
    pub ended: Micros,
    /// What was asked.
    pub asked: String,
    /// What came of it.
    pub outcome: String,
}

impl Findings {
    /// Adds a violation.
    pub fn violated(&mut self, violation: Violation) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(violation);
        } else {
            self.more += 1;
        }
    }

    /// What it comes to. A violation outweighs everything, and doubt outweighs success.
    pub fn verdict(&self) -> Verdict {
        if !self.violations.is_empty() {
            Verdict::Broken
        } else if !self.undecided.is_empty() {
            Verdict::Undecided
        } else if self.examined == 0 {
            Verdict::NotExamined
        } else {
            Verdict::Kept
        }
    }
}

impl Violation {
    /// A violation on a document.
    pub fn on<'a>(
        document: &Document,
        what: String,
        operations: impl IntoIterator<Item = &'a Operation>,
    ) -> Violation {
        Violation { document: Some(document.clone()), ..Violation::of(what, operations) }
    }

    /// A violation on no document in particular.
    pub fn of<'a>(what: String, operations: impl IntoIterator<Item = &'a Operation>) -> Violation {
        let mut witnesses: Vec<Witness> = operations.into_iter().map(Witness::from).collect();
        witnesses.sort_by_key(|witness| (witness.invoked, witness.operation));
        witnesses.dedup();
        let at = witnesses.iter().map(|witness| witness.ended).max();
        Violation { what, at, document: None, witnesses }
    }

    /// The same violation, which came to light at a moment that no operation tells.
    pub fn at(self, at: Micros) -> Violation {
        Violation { at: Some(at), ..self }
    }
}

impl From<&Operation> for Witness {
    fn from(operation: &Operation) -> Witness {
        Witness {
            operation: operation.id,
            client: operation.client,
            invoked: operation.invoked,
            ended: operation.ended(),
            asked: operation.kind.to_string(),
            outcome: operation.end.to_string(),
        }
    }
}
