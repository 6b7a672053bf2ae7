//! A document at one version, for compaction.

use super::error::SaveError;
use super::guard::guarded;
use super::made::heads;
use automerge::Automerge;

/// A copy of a document that nobody changes.
#[derive(Debug)]
pub struct Frozen {
    doc: Automerge,
}

impl Frozen {
    pub(super) fn of(doc: Automerge) -> Frozen {
        Frozen { doc }
    }

    /// The whole document as one compact chunk, which was loaded again and shown to have the same heads.
    pub fn save(&self) -> Result<Vec<u8>, SaveError> {
        guarded(|| {
            let bytes = self.doc.save();
            let again = Automerge::load(&bytes).map_err(SaveError::Reload)?;
            let same = heads(again.get_heads()) == heads(self.doc.get_heads());
            same.then_some(bytes).ok_or(SaveError::OtherHeads)
        })?
    }
}
