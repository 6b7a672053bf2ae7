//! What was asked of the hub, what it acknowledged, and whether what it holds agrees. Pure.
//!
//! Every edit puts one [`Mark`] into one document, and a mark is used by one edit only. So the texts of all
//! documents tell the whole story: an acknowledged mark is there exactly once, in the document that was
//! acknowledged; one whose outcome is unknown is there at most once; and there is nothing but marks.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The text that one edit adds, and the id of that edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark(pub u64);

/// The id of a document, as the hub prints it.
pub type DocumentId = String;

/// Every edit of a drill.
#[derive(Debug, Default)]
pub struct Ledger {
    edits: BTreeMap<Mark, Edit>,
}

#[derive(Debug)]
struct Edit {
    /// `None` for a document that this edit creates: only the answer tells its id.
    target: Option<DocumentId>,
    acknowledged: Option<DocumentId>,
}

/// How many edits there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Edits that were sent at least once.
    pub attempted: usize,
    /// Edits that the hub said it keeps.
    pub acknowledged: usize,
}

/// A promise that the hub broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// An acknowledged edit is in no document.
    #[error("{mark} was acknowledged in {document} and is gone")]
    Lost {
        /// The edit.
        mark: Mark,
        /// Where it was acknowledged.
        document: DocumentId,
    },
    /// One edit was made more than once.
    #[error("{mark} is there {} times: in {}", .found.len(), .found.join(", "))]
    Twice {
        /// The edit.
        mark: Mark,
        /// Every place where it is.
        found: Vec<DocumentId>,
    },
    /// An edit is in another document than the one it was made for.
    #[error("{mark} belongs into {wanted} and is in {found}")]
    Misplaced {
        /// The edit.
        mark: Mark,
        /// Where it belongs.
        wanted: DocumentId,
        /// Where it is.
        found: DocumentId,
    },
    /// A mark that nobody wrote.
    #[error("{mark} in {document} was written by nobody")]
    Foreign {
        /// What is there.
        mark: Mark,
        /// Where.
        document: DocumentId,
    },
    /// Text that no edit wrote.
    #[error("the text of {document} is not a row of marks: {excerpt:?}")]
    Garbled {
        /// Where.
        document: DocumentId,
        /// The text from the damage on.
        excerpt: String,
    },
}

impl Mark {
    /// Bytes of a mark's text.
    pub const LEN: usize = 18;

    /// The mark at the start of a text.
    fn parse(text: &str) -> Option<Mark> {
        let inside = text.get(..Mark::LEN)?.strip_prefix('<')?.strip_suffix('>')?;
        let canonical = inside.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        canonical.then(|| u64::from_str_radix(inside, 16).ok().map(Mark)).flatten()
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{:016x}>", self.0)
    }
}

impl Ledger {
    /// Notes an edit before it is sent for the first time.
    pub fn attempt(&mut self, mark: Mark, target: Option<DocumentId>) {
        let edit = Edit { target, acknowledged: None };
        let before = self.edits.insert(mark, edit);
        assert!(before.is_none(), "{mark} is used by two edits");
    }

    /// Notes that the hub said it keeps the edit, in this document.
    pub fn acknowledge(&mut self, mark: Mark, document: DocumentId) {
        let edit = self.edits.get_mut(&mark);
        edit.expect("an edit is noted before it is sent").acknowledged = Some(document);
    }

    /// How many edits there were.
    pub fn tally(&self) -> Tally {
        Tally {
            attempted: self.edits.len(),
            acknowledged: self.edits.values().filter(|edit| edit.acknowledged.is_some()).count(),
        }
    }

    /// The documents in which the hub acknowledged an edit, without repetition.
    pub fn documents(&self) -> Vec<DocumentId> {
        let acknowledged = self.edits.values().filter_map(|edit| edit.acknowledged.clone());
        let mut documents: Vec<_> = acknowledged.collect();
        documents.sort();
        documents.dedup();
        documents
    }

    /// Holds all that was acknowledged against the texts of all documents.
    pub fn check(&self, texts: &BTreeMap<DocumentId, String>) -> Vec<Violation> {
        let mut violations = Vec::new();
        let mut found: BTreeMap<Mark, Vec<DocumentId>> = BTreeMap::new();
        for (document, text) in texts {
            match marks(text) {
                Ok(marks) => {
                    marks.into_iter().for_each(|mark| found.entry(mark).or_default().push(document.clone()))
                }
                Err(rest) => violations.push(Violation::Garbled {
                    document: document.clone(),
                    excerpt: rest.chars().take(60).collect(),
                }),
            }
        }
        violations.extend(self.foreign(&found));
        let each = |(&mark, edit): (&Mark, &Edit)| edit.check(mark, found.get(&mark));
        violations.extend(self.edits.iter().filter_map(each));
        violations
    }

    fn foreign(&self, found: &BTreeMap<Mark, Vec<DocumentId>>) -> Vec<Violation> {
        found
            .iter()
            .filter(|(mark, _)| !self.edits.contains_key(mark))
            .map(|(&mark, documents)| Violation::Foreign { mark, document: documents[0].clone() })
            .collect()
    }
}

impl Edit {
    fn check(&self, mark: Mark, found: Option<&Vec<DocumentId>>) -> Option<Violation> {
        let wanted = self.acknowledged.as_ref().or(self.target.as_ref());
        match (found.map_or(&[][..], Vec::as_slice), wanted) {
            ([], _) => self.acknowledged.clone().map(|document| Violation::Lost { mark, document }),
            ([found], Some(wanted)) if found != wanted => {
                Some(Violation::Misplaced { mark, wanted: wanted.clone(), found: found.clone() })
            }
            ([_], _) => None,
            (found, _) => Some(Violation::Twice { mark, found: found.to_vec() }),
        }
    }
}

/// The marks that a text consists of, or the rest of it from where it does not.
pub(crate) fn marks(text: &str) -> Result<Vec<Mark>, &str> {
    let mut rest = text;
    let mut marks = Vec::with_capacity(text.len() / Mark::LEN);
    while !rest.is_empty() {
        marks.push(Mark::parse(rest).ok_or(rest)?);
        rest = &rest[Mark::LEN..];
    }
    Ok(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two edits on `shared`, of which the first is acknowledged, and an acknowledged creation of `new`.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.attempt(Mark(1), Some("shared".into()));
        ledger.attempt(Mark(2), Some("shared".into()));
        ledger.attempt(Mark(3), None);
        ledger.acknowledge(Mark(1), "shared".into());
        ledger.acknowledge(Mark(3), "new".into());
        ledger
    }

    fn check(texts: &[(&str, &[u64])]) -> Vec<Violation> {
        let texts = texts.iter().map(|(document, marks)| {
            let text = marks.iter().map(|&mark| Mark(mark).to_string()).collect();
            (document.to_string(), text)
        });
        ledger().check(&texts.collect())
    }

    #[test]
    fn an_unknown_outcome_may_be_there_or_not() {
        assert_eq!(check(&[("shared", &[1]), ("new", &[3])]), []);
        assert_eq!(check(&[("shared", &[2, 1]), ("new", &[3])]), []);
    }

    #[test]
    fn an_acknowledged_edit_must_be_there() {
        let (mark, document) = (Mark(1), "shared".to_string());
        let lost = [Violation::Lost { mark, document }];
        assert_eq!(check(&[("shared", &[2]), ("new", &[3])]), lost);
        assert_eq!(check(&[("new", &[3])]), lost);
    }

    #[test]
    fn nothing_is_there_twice() {
        let twice = |mark, found: &[&str]| {
            let found = found.iter().map(|s| s.to_string()).collect();
            [Violation::Twice { mark: Mark(mark), found }]
        };
        let unknown = check(&[("shared", &[1, 2, 2]), ("new", &[3])]);
        assert_eq!(unknown, twice(2, &["shared", "shared"]));
        let created = check(&[("shared", &[1]), ("new", &[3]), ("other", &[3])]);
        assert_eq!(created, twice(3, &["new", "other"]));
    }

    #[test]
    fn an_edit_stays_in_its_document() {
        let violations = check(&[("shared", &[1]), ("new", &[3, 2])]);
        assert!(matches!(violations[..], [Violation::Misplaced { mark: Mark(2), .. }]));
    }

    #[test]
    fn what_nobody_wrote_is_named() {
        let violations = check(&[("shared", &[1, 9]), ("new", &[3])]);
        assert!(matches!(violations[..], [Violation::Foreign { mark: Mark(9), .. }]));
    }

    #[test]
    fn damaged_text_is_named_and_does_not_count() {
        let texts = BTreeMap::from([
            ("shared".to_string(), format!("{}<00000", Mark(1))),
            ("new".to_string(), Mark(3).to_string()),
        ]);
        let violations = ledger().check(&texts);
        assert!(matches!(
            &violations[..],
            [Violation::Garbled { excerpt, .. }, Violation::Lost { mark: Mark(1), .. }] if excerpt == "<00000"
        ));
    }

    #[test]
    fn the_tally_counts_both() {
        let tally = ledger().tally();
        assert_eq!((tally.attempted, tally.acknowledged), (3, 2));
    }
}
