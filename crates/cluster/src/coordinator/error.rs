//! How a call to the coordinator can fail.

/// Why a coordinator did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoordinatorError {
    /// It cannot be reached, or cannot decide now. What was to be changed may have been changed: look before you try again.
    #[error("the coordinator is unavailable: {reason}")]
    Unavailable {
        /// What the transport or the server said.
        reason: String,
    },
    /// The lease has ended. Ask for a new one.
    #[error("the lease has ended")]
    LeaseLost,
    /// It will not do that however often it is asked.
    #[error("the coordinator refuses: {reason}")]
    Refused {
        /// What the server said.
        reason: String,
    },
}

/// Why a watch has ended. Both are ordinary; whoever watches goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WatchError {
    /// The changes since that revision are not there: compacted, or of a store that was put back to an earlier state.
    /// List, and watch from there.
    #[error("the changes are not kept that long")]
    Relist,
    /// The connection broke, or was silent for too long. Watch again from the last revision seen.
    #[error("the watch broke: {reason}")]
    Broken {
        /// What the transport or the server said.
        reason: String,
    },
}
