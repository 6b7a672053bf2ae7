//! A document at one version, for compaction and for files.

use super::error::SaveError;
use super::guard::guarded;
use super::made::heads;
use automerge::{Automerge, ChangeHash};

/// A copy of a document that nobody changes.
#[derive(Debug)]
pub struct Frozen {
    doc: Automerge,
    /// What came later than these is not saved.
    at: Option<Vec<ChangeHash>>,
}

impl Frozen {
    pub(super) fn of(doc: Automerge) -> Frozen {
        Frozen { doc, at: None }
    }

    /// As the document was at these heads, which it knows.
    pub(super) fn of_past(doc: Automerge, at: Vec<ChangeHash>) -> Frozen {
        Frozen { doc, at: Some(at) }
    }

    /// The whole document as one compact chunk, which was loaded again and shown to have the same heads.
    pub fn save(&self) -> Result<Vec<u8>, SaveError> {
        guarded(|| match &self.at {
            None => saved(&self.doc),
            Some(at) => saved(&self.doc.fork_at(at).map_err(SaveError::Fork)?),
        })?
    }
}

fn saved(doc: &Automerge) -> Result<Vec<u8>, SaveError> {
    let bytes = doc.save();
    let again = Automerge::load(&bytes).map_err(SaveError::Reload)?;
    let same = heads(again.get_heads()) == heads(doc.get_heads());
    same.then_some(bytes).ok_or(SaveError::OtherHeads)
}
