//! What an edit gives back, and the names that Automerge and the rest of the hub have for the same things.

use automerge::{Change, ChangeHash};
use base::{Hash, Heads};

/// When an edit was made.
///
/// Automerge keeps whole seconds; who made it is kept by the caller beside the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp {
    /// Milliseconds since 1970.
    pub unix_ms: u64,
}

impl Stamp {
    /// Seconds since 1970, as a change carries them.
    pub(crate) fn seconds(self) -> i64 {
        i64::try_from(self.unix_ms / 1000).expect("u64::MAX / 1000 is below i64::MAX")
    }
}

/// A change that was made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its name.
    pub hash: Hash,
    /// The changes that it builds on, sorted.
    pub deps: Heads,
    /// The whole chunk, not deflated: the store compresses better than a chunk alone can be.
    pub bytes: Vec<u8>,
}

impl Made {
    pub(crate) fn of(change: &Change) -> Made {
        Made {
            hash: Hash(change.hash().0),
            deps: heads(change.deps().iter().copied()),
            bytes: change.raw_bytes().to_vec(),
        }
    }
}

/// Automerge's hashes as sorted heads.
pub(crate) fn heads(hashes: impl IntoIterator<Item = ChangeHash>) -> Heads {
    let mut heads: Heads = hashes.into_iter().map(|hash| Hash(hash.0)).collect();
    heads.sort_unstable();
    heads.dedup();
    heads
}

/// Heads as Automerge names them.
pub(crate) fn hashes(heads: &[Hash]) -> Vec<ChangeHash> {
    heads.iter().map(|hash| ChangeHash(hash.0)).collect()
}
