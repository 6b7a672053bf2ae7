//! How much is taken at once. Every limit is on what the bytes become, so that a small chunk cannot become a
//! large one.

use super::refused::Refused;

/// The longest actor id that is taken. Libraries make 16 bytes.
pub const ACTOR_BYTES: usize = 128;

/// The highest number of an operation. Automerge counts them in 32 bits and panics at the end; half of that
/// range is a hundred years of typing.
pub const MAX_OP: u64 = (1 << 31) - 1;

/// The largest counter, increment and time that is taken: what a JavaScript number holds exactly. Sums and
/// differences of a few of them stay far from 64 bits.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

/// What one row costs in memory while it is checked, apart from its texts.
pub(crate) const ROW_COST: u64 = 192;

/// What a reference to a replaced value costs.
pub(crate) const REFERENCE_COST: u64 = 16;

/// How much one call of `admit` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all chunks together, once inflated, and of all operations, once their runs are unrolled (a
    /// row counts as 192 bytes and its texts, in a whole document twice).
    pub inflated_bytes: u64,
    /// Changes whose dependencies are not there.
    pub orphans: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { inflated_bytes: 256 << 20, orphans: 1024 }
    }
}

/// What is left of a limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    left: u64,
    limit: u64,
}

impl Budget {
    pub(crate) fn new(limit: u64) -> Self {
        Budget { left: limit, limit }
    }

    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    pub(crate) fn too_large(&self) -> Refused {
        Refused::TooLarge { limit: self.limit }
    }

    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), Refused> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| self.too_large())?;
        Ok(())
    }
}
