//! The marks that were seen, as differences: a document with a thousand marks that is read a thousand times would
//! otherwise fill the memory with a million.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::line::StateLine;
use super::words::{Document, StateId};
use crate::ledger::Mark;

/// Sorted marks, with repetitions.
pub type Marks = Vec<Mark>;

/// The newest state of each document, from which the next one differs.
#[derive(Debug, Default)]
pub struct Differ {
    newest: BTreeMap<Document, (StateId, Marks)>,
    next: u32,
}

/// Every state of a history, as differences.
#[derive(Debug, Default)]
pub struct States {
    lines: Vec<StateLine>,
    by_document: BTreeMap<Document, Vec<StateId>>,
}

impl Differ {
    /// The number of a state, and the line that tells it if it is not the newest of its document.
    pub fn note(&mut self, document: &Document, mut marks: Marks) -> (StateId, Option<StateLine>) {
        marks.sort_unstable();
        let state = StateId(self.next);
        let line = match self.newest.entry(document.clone()) {
            Entry::Occupied(entry) if entry.get().1 == marks => return (entry.get().0, None),
            Entry::Occupied(mut entry) => {
                let (from, before) = entry.insert((state, marks));
                let gone = missing(&before, &entry.get().1);
                let new = missing(&entry.get().1, &before);
                StateLine { document: document.clone(), state, from: Some(from), gone, new }
            }
            Entry::Vacant(entry) => {
                let (_, marks) = entry.insert((state, marks));
                StateLine { document: document.clone(), state, from: None, gone: vec![], new: marks.clone() }
            }
        };
        self.next += 1;
        (state, Some(line))
    }
}

impl States {
    /// Takes the next line. The error says what is wrong with it.
    pub fn push(&mut self, line: StateLine) -> Result<(), String> {
        if line.state.0 as usize != self.lines.len() {
            return Err(format!("state {} comes after {} others", line.state.0, self.lines.len()));
        }
        if let Some(from) = line.from {
            let before = self.lines.get(from.0 as usize);
            if before.is_none_or(|before| before.document != line.document) {
                return Err(format!("state {} differs from no state of its document", line.state.0));
            }
        }
        self.by_document.entry(line.document.clone()).or_default().push(line.state);
        self.lines.push(line);
        Ok(())
    }

    /// The document that a state is of.
    pub fn document(&self, state: StateId) -> Option<&Document> {
        self.lines.get(state.0 as usize).map(|line| &line.document)
    }

    /// The marks of one state.
    pub fn marks(&self, state: StateId) -> Marks {
        let mut chain = vec![];
        let mut next = Some(state);
        while let Some(line) = next.and_then(|state| self.lines.get(state.0 as usize)) {
            chain.push(line);
            next = line.from;
        }
        chain.iter().rev().fold(vec![], |marks, line| step(&marks, line))
    }

    /// Every state of one document with its marks, in the order in which they were noted.
    pub fn of(&self, document: &Document) -> Vec<(StateId, Marks)> {
        let mut states: Vec<(StateId, Marks)> = vec![];
        for &id in self.by_document.get(document).into_iter().flatten() {
            let line = &self.lines[id.0 as usize];
            let marks = match (line.from, states.last()) {
                (Some(from), Some((newest, marks))) if *newest == from => step(marks, line),
                _ => self.marks(id),
            };
            states.push((id, marks));
        }
        states
    }
}

fn step(marks: &[Mark], line: &StateLine) -> Marks {
    let mut marks = missing(marks, &line.gone);
    marks.extend(&line.new);
    marks.sort_unstable();
    marks
}

/// What of the first is not in the second; both are sorted, and each repetition counts.
fn missing(all: &[Mark], others: &[Mark]) -> Marks {
    let mut others = others.iter().peekable();
    let mut missing = vec![];
    for mark in all {
        while others.next_if(|other| *other < mark).is_some() {}
        if others.next_if_eq(&mark).is_none() {
            missing.push(*mark);
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn differences_lead_to_the_marks_that_were_seen(
            seen in prop::collection::vec((0..3_u8, prop::collection::vec(0..6_u64, 0..6)), 0..30)
        ) {
            let (mut differ, mut states, mut wanted) = (Differ::default(), States::default(), vec![]);
            for (document, marks) in seen {
                let document = Document::from(document.to_string());
                let mut marks: Marks = marks.into_iter().map(Mark).collect();
                let (state, line) = differ.note(&document, marks.clone());
                if let Some(line) = line {
                    states.push(line).unwrap();
                }
                marks.sort();
                wanted.push((state, marks));
            }
            let documents = ["0", "1", "2"].map(Document::from);
            let shown: BTreeMap<_, _> = documents.iter().flat_map(|document| states.of(document)).collect();
            for (state, marks) in wanted {
                prop_assert_eq!(&states.marks(state), &marks);
                prop_assert_eq!(&shown[&state], &marks);
            }
        }
    }

    #[test]
    fn an_unchanged_document_costs_nothing() {
        let mut differ = Differ::default();
        let document = Document::from("d");
        assert!(differ.note(&document, vec![Mark(1)]).1.is_some());
        assert!(differ.note(&document, vec![Mark(1)]).1.is_none());
    }

    #[test]
    fn a_state_of_another_document_is_no_start() {
        let line = |document: &str, state, from| StateLine {
            document: document.into(),
            state: StateId(state),
            from,
            gone: vec![],
            new: vec![],
        };
        let mut states = States::default();
        states.push(line("a", 0, None)).unwrap();
        assert!(states.push(line("b", 1, Some(StateId(0)))).is_err());
        assert!(states.push(line("a", 1, Some(StateId(1)))).is_err(), "nor is a state itself");
        assert!(states.push(line("a", 2, None)).is_err(), "nor is one left out");
    }
}
