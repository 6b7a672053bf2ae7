//! `Copy`: the plain copy of a document.

use base::{Hash, Level, Shape, plain};
use serde_json::Value;
use wire::thin::{Snapshot, Update};

/// A document as this client has it.
///
/// Invariant: `content` is exactly what the hub shows of `version`. Edits of this client are in it once the hub has
/// sent them back, among those of others.
#[derive(Debug, Clone, PartialEq)]
pub struct Copy {
    /// Its name.
    pub name: String,
    /// Text or JSON.
    pub shape: Shape,
    /// How many edits have changed it; creation is 1.
    pub version: u64,
    /// The exact version.
    pub heads: Vec<Hash>,
    /// What this client may do.
    pub access: Level,
    /// A string for a text, an object for JSON.
    pub content: Value,
}

/// Why an update does not lead on from a copy: the copy is to be had anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutOfStep {
    /// It is for another version.
    #[error("the update is for version {from}, the copy is at {version}")]
    Version {
        /// What it is for.
        from: u64,
        /// What is here.
        version: u64,
    },
    /// Its operations do not fit.
    #[error(transparent)]
    Ops(#[from] plain::ApplyError),
}

impl From<Snapshot> for Copy {
    fn from(snapshot: Snapshot) -> Copy {
        let Snapshot { name, doc_type: shape, version, heads, access, content, .. } = snapshot;
        Copy { name, shape, version, heads, access, content }
    }
}

impl Copy {
    /// Carries out an update. After an error the copy is as before.
    pub(crate) fn update(&mut self, update: &Update) -> Result<(), OutOfStep> {
        if update.from != self.version {
            return Err(OutOfStep::Version { from: update.from, version: self.version });
        }
        if let [_] = update.ops.as_slice() {
            // One operation is carried out or not.
            plain::apply(&mut self.content, &update.ops)?;
        } else {
            let mut content = self.content.clone();
            plain::apply(&mut content, &update.ops)?;
            self.content = content;
        }
        self.version = update.version;
        self.heads.clone_from(&update.heads);
        Ok(())
    }
}
