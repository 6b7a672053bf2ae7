//! The one door through which this crate meets a panic of Automerge.

use super::error::Poisoned;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs what Automerge may panic in. The caller drops or poisons whatever `work` may have left half done.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Poisoned> {
    // Asserted, because an error leads to `Document::poisoned`, and a poisoned document is never looked into again.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Poisoned)
}
