//! Why a document cannot be opened, changed from outside, read at a version, or saved.

use automerge::AutomergeError;
use base::{Hash, Heads};

/// Automerge panicked on this document. What is in memory cannot be trusted: drop it and load it again from its
/// chunks; if that fails too, the stored document is to be quarantined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the open document is damaged; drop it and load it again")]
pub struct Poisoned;

/// Why stored chunks make no document.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes are no document.
    #[error("the stored chunks are not an Automerge document")]
    Invalid(#[source] AutomergeError),
    /// Changes build on others that are not there.
    #[error("the stored chunks are incomplete: {} changes are missing, among them {}", missing.len(), missing[0])]
    Incomplete {
        /// What is missing.
        missing: Heads,
    },
    /// Automerge panicked on the bytes.
    #[error("Automerge panicked while it loaded the stored chunks: quarantine the document")]
    Poisoned,
}

/// Why changes from outside were not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A chunk is not one change. The document is as before.
    #[error("chunk {index} is not one change")]
    Chunk {
        /// Its place among the chunks.
        index: usize,
        /// Why.
        #[source]
        source: automerge::LoadChangeError,
    },
    /// A change builds on one that is neither in the document nor among the chunks. The document is as before.
    #[error("change {change} depends on {missing}, which is not in the document")]
    Incomplete {
        /// The change.
        change: Hash,
        /// What it needs.
        missing: Hash,
    },
    /// Automerge refused a change; the document must be loaded again.
    #[error("Automerge refused a change that was admitted; drop the document and load it again")]
    Refused(#[source] AutomergeError),
    /// The open document cannot be trusted any more.
    #[error(transparent)]
    Poisoned(#[from] Poisoned),
}

/// Why a document cannot be read or edited at the heads that were named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadsError {
    /// No heads at all: the state before the first change, in which an edit would hide all that the document holds.
    #[error("heads name at least one change; take those of the last answer")]
    Empty,
    /// No such change in this document.
    #[error("this document has no change {unknown}")]
    Unknown {
        /// The first head that is not in the document.
        unknown: Hash,
    },
    /// The open document cannot be trusted any more.
    #[error(transparent)]
    Poisoned(#[from] Poisoned),
}

/// Why a document was not saved. To compact it: keep the chunks that are stored.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// What was saved does not load.
    #[error("the compacted document does not load again: keep the chunks it was made of")]
    Reload(#[source] AutomergeError),
    /// There is no way back to the version that was to be saved.
    #[error("the document cannot be taken back to these heads")]
    Fork(#[source] AutomergeError),
    /// What was saved loads as another version.
    #[error("the compacted document has other heads than the open one: keep the chunks it was made of")]
    OtherHeads,
    /// The open document cannot be trusted any more, or saving it panicked.
    #[error(transparent)]
    Poisoned(#[from] Poisoned),
}
