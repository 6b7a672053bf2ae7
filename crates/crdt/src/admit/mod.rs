//! Admission: which changes from outside are taken into the log.
//!
//! The hub relays changes without applying them, so it must know beforehand that Automerge will. Automerge
//! trusts what it applies: checksum-valid changes can make it panic, or save a document that no longer loads.
//! Admission decodes a change itself, never with the code that it protects, and takes it only if
//! - its bytes are the one form in which Automerge writes its content, because a saved document keeps the
//!   content alone and the change would come back from it under another hash;
//! - everything that it names exists among its ancestors and is of the right kind and at the right place.
//!
//! What no stock client makes may be refused; what one makes never is. The property that is fuzzed: whatever
//! is admitted, Automerge applies, saves and loads.

mod change;
mod check;
mod chunk;
mod column;
mod document;
mod footer;
#[cfg(any(test, feature = "forge"))]
pub mod forge;
mod intake;
mod limits;
mod op;
mod pieces;
pub(crate) mod reader;
mod refused;
mod rows;
mod rules;
#[cfg(test)]
mod tests;
mod typing;
pub(crate) mod writer;

use base::Hash;
use bytes::Bytes;

pub use intake::Intake;
pub use limits::{ACTOR_BYTES, Limits, MAX_NUMBER, MAX_OP};
pub use pieces::{count, pieces};
pub use reader::Malformed;
pub use refused::Refused;

use crate::graph::{Graph, Misfit, Summary};

/// What becomes of bytes that hold changes.
#[derive(Debug, Default)]
pub struct Admission {
    /// New changes, each behind those that it depends on. They may be committed and inserted in this order.
    pub changes: Vec<Admitted>,
    /// Changes that wait for others. Offered again with those, they may be admitted.
    pub orphans: Vec<Orphan>,
}

/// A change that Automerge will take.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Its chunk: compressed if it came compressed.
    pub chunk: Bytes,
    /// What to keep beside it.
    pub summary: Summary,
}

impl Admitted {
    /// The same change, with its chunk compressed if it is long and was not. Changes that came in a whole document are
    /// not, even if the document was.
    #[must_use]
    pub fn compressed(self) -> Admitted {
        Admitted { chunk: chunk::compressed(&self.chunk), ..self }
    }
}

/// A change whose dependencies are not all there.
#[derive(Debug, Clone)]
pub struct Orphan {
    /// Its hash.
    pub hash: Hash,
    /// The first dependency that is not there, nor among the changes that came with it and were admitted.
    pub missing: Hash,
    /// Its chunk.
    pub chunk: Bytes,
}

impl Graph {
    /// Which of the changes in these chunks may be committed on top of this graph. Changes that are there
    /// already are passed over. The first change that is wrong refuses all.
    pub fn admit(&self, bytes: &[u8], limits: &Limits) -> Result<Admission, Refused> {
        self.intake().admit(bytes, limits)
    }

    /// An intake for offers of several senders, on top of this graph.
    pub fn intake(&self) -> Intake<'_> {
        Intake::new(self)
    }

    /// The graph of a document from the chunks of all its changes, each behind those that it depends on.
    pub fn from_changes<'a>(
        chunks: impl IntoIterator<Item = &'a [u8]>,
        limits: &Limits,
    ) -> Result<Graph, FromChanges> {
        let mut graph = Graph::new();
        for chunk in chunks {
            let admission = graph.admit(chunk, limits)?;
            if let Some(Orphan { hash, missing, .. }) = admission.orphans.first() {
                return Err(Misfit::MissingDependency { change: *hash, dependency: *missing }.into());
            }
            for change in &admission.changes {
                graph.insert(&change.summary)?;
            }
        }
        Ok(graph)
    }
}

/// Why changes do not make a graph.
#[derive(Debug, thiserror::Error)]
pub enum FromChanges {
    /// One of them would not be admitted.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// One of them does not fit on the others.
    #[error(transparent)]
    Misfit(#[from] Misfit),
}
