//! Making a document of a file that Automerge has saved, with all the history that is in it.
//!
//! The file comes from outside: admission looks into it before Automerge does, as into changes that a peer brings.

use super::Document;
use super::error::{LoadError, Poisoned};
use crate::admit::{self, Admitted, Refused};
use crate::graph::{Graph, shape};
use base::json::{Bounds, measure};
use base::{Hash, Heads, Limits, Shape};

/// A document that was in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The type that its content shows.
    pub shape: Shape,
    /// The chunks of all its changes, one behind the other, each behind those that it builds on.
    pub changes: Vec<u8>,
    /// Its heads.
    pub heads: Heads,
    /// Its content as JSON bytes, as [`Document::content_json`] gives it.
    pub content: Vec<u8>,
}

/// Why a file makes no document.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is no file of Automerge, or one that Automerge would not take in.
    #[error("this is not a file that Automerge saved: {0}")]
    Refused(#[from] Refused),
    /// Nothing was ever written into it.
    #[error("the file has no changes, and so no content; make an empty document instead")]
    Empty,
    /// It is a part of a document.
    #[error("change {change} builds on {missing}, which is not in the file; save the whole document")]
    Incomplete {
        /// A change in it.
        change: Hash,
        /// What that one needs.
        missing: Hash,
    },
    /// Its content is larger than documents may be.
    #[error("a document's content is at most {limit} bytes of JSON, this has {bytes}")]
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// Its history is longer than what a document may be handed out with: a few bytes of a file may be megabytes of changes.
    #[error("the changes of a document in a file take at most {limit} bytes, these take {bytes}")]
    TooLong {
        /// What they take.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// Its content nests more deeply than documents may.
    #[error("a document's content nests at most {limit} levels deep, this goes deeper")]
    TooDeep {
        /// What is allowed.
        limit: usize,
    },
    /// Automerge does not open it.
    #[error("Automerge does not open the document in this file: {0}")]
    Load(#[from] LoadError),
    /// Automerge panicked on it.
    #[error("the content of the document in this file cannot be read")]
    Poisoned(#[from] Poisoned),
}

/// Reads a file that Automerge saved: a whole document, changes, or both. Untrusted.
pub fn import(file: &[u8], limits: &Limits) -> Result<Imported, ImportError> {
    // A row counts with what it takes in memory while it is looked at.
    const MEMORY_PER_BYTE: u64 = 4;
    let inflated_bytes = limits.change_bytes as u64 * MEMORY_PER_BYTE;
    let admission = admit::Limits { inflated_bytes, orphans: limits.sync_orphans };
    let nothing = Graph::new();
    let mut intake = nothing.intake();
    let admitted = intake.admit(file, &admission)?;
    if let Some(orphan) = admitted.orphans.first() {
        return Err(ImportError::Incomplete { change: orphan.hash, missing: orphan.missing });
    }
    if admitted.changes.is_empty() {
        return Err(ImportError::Empty);
    }
    let shape = shape(admitted.changes.iter().map(|change| &change.summary));
    // A few bytes of a compressed document may have been megabytes of changes. They are not made to be stored so.
    let chunks: Vec<_> = admitted.changes.into_iter().map(Admitted::compressed).collect();
    let bytes = chunks.iter().map(|change| change.chunk.len()).sum();
    if bytes > limits.export_bytes {
        return Err(ImportError::TooLong { bytes, limit: limits.export_bytes });
    }
    let document = Document::load(chunks.iter().map(|change| &change.chunk[..]))?;
    let content = document.content_json(shape)?;
    if content.len() > limits.document_bytes {
        return Err(ImportError::TooLarge { bytes: content.len(), limit: limits.document_bytes });
    }
    if measure(&content, Bounds { depth: limits.json_depth, ..Bounds::NONE }).is_err() {
        return Err(ImportError::TooDeep { limit: limits.json_depth });
    }
    let changes = chunks.iter().map(|change| &change.chunk[..]).collect::<Vec<_>>().concat();
    Ok(Imported { shape, changes, heads: document.heads(), content })
}

#[cfg(test)]
mod tests {
    use super::*;
    use automerge::transaction::Transactable;
    use automerge::{AutoCommit, ObjType, ROOT};
    use proptest::prelude::*;

    /// A text that two people wrote at once.
    fn written() -> AutoCommit {
        let mut ada = AutoCommit::new();
        let text = ada.put_object(ROOT, "content", ObjType::Text).unwrap();
        ada.splice_text(&text, 0, 0, "Hello").unwrap();
        ada.commit();
        let mut bob = ada.fork();
        bob.splice_text(&text, 5, 0, ", world").unwrap();
        ada.splice_text(&text, 0, 0, "> ").unwrap();
        ada.merge(&mut bob).unwrap();
        ada
    }

    fn refused(file: &[u8]) -> ImportError {
        import(file, &Limits::default()).unwrap_err()
    }

    #[test]
    fn a_file_becomes_the_document_that_it_holds() {
        let mut written = written();
        let imported = import(&written.save(), &Limits::default()).unwrap();
        assert_eq!(imported.shape, Shape::Text);
        assert_eq!(imported.content, b"\"> Hello, world\"");
        let heads: Vec<_> = written.get_heads().iter().map(|head| Hash(head.0)).collect();
        assert_eq!(imported.heads.len(), 2);
        assert!(imported.heads.iter().all(|head| heads.contains(head)));
        let again = Document::load([&imported.changes[..]]).unwrap();
        assert_eq!((again.heads(), again.changes()), (imported.heads, 3));
    }

    #[test]
    fn loose_changes_are_a_file_too_if_none_is_missing() {
        let mut doc = written();
        let changes: Vec<_> = doc.get_changes(&[]).iter().map(|change| change.raw_bytes().to_vec()).collect();
        let imported = import(&changes.concat(), &Limits::default()).unwrap();
        assert_eq!(imported, import(&doc.save(), &Limits::default()).unwrap());
        assert!(matches!(refused(&changes[1..].concat()), ImportError::Incomplete { .. }));
    }

    #[test]
    fn json_keeps_its_kinds_and_its_shape() {
        let mut doc = AutoCommit::new();
        doc.put(ROOT, "n", 5).unwrap();
        let list = doc.put_object(ROOT, "list", ObjType::List).unwrap();
        doc.insert(&list, 0, automerge::ScalarValue::counter(3)).unwrap();
        let imported = import(&doc.save(), &Limits::default()).unwrap();
        assert_eq!(imported.shape, Shape::Json);
        assert_eq!(imported.content, br#"{"list":[{"$counter":3}],"n":5}"#);
    }

    #[test]
    fn what_is_no_document_is_refused() {
        assert!(matches!(refused(b"%PDF-1.7"), ImportError::Refused(_)));
        assert!(matches!(refused(b""), ImportError::Empty));
        assert!(matches!(refused(&AutoCommit::new().save()), ImportError::Empty));
        let mut whole = written().save();
        whole.pop();
        assert!(matches!(refused(&whole), ImportError::Refused(_)));
    }

    #[test]
    fn limits_hold_for_what_comes_in_a_file() {
        let file = written().save();
        let small = Limits { document_bytes: 10, ..Limits::default() };
        assert!(matches!(import(&file, &small), Err(ImportError::TooLarge { limit: 10, .. })));
        let mut deep = AutoCommit::new();
        let mut object = ROOT;
        for _ in 0..70 {
            object = deep.put_object(&object, "in", ObjType::Map).unwrap();
        }
        assert!(matches!(refused(&deep.save()), ImportError::TooDeep { limit: 64 }));
        let narrow = Limits { change_bytes: 4, ..Limits::default() };
        assert!(matches!(import(&file, &narrow), Err(ImportError::Refused(Refused::TooLarge { .. }))));
    }

    proptest! {
        #[test]
        fn damaged_files_are_refused_and_nothing_panics(at in any::<prop::sample::Index>(), with in any::<u8>()) {
            let mut file = written().save();
            let at = at.index(file.len());
            file[at] ^= with;
            prop_assert_eq!(import(&file, &Limits::default()).is_ok(), with == 0);
        }
    }
}
