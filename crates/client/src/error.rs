//! What can go wrong for good. What passes, the client waits out.

use wire::thin::Problem;

/// The URL of a hub that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Another scheme.
    #[error("{url:?} does not begin with http://, https://, ws:// or wss://")]
    Scheme {
        /// What was given.
        url: String,
    },
}

/// Why a document is not followed any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The hub closed the socket for a reason that stays.
    #[error("the hub closed the socket with {code}: {reason}")]
    Closed {
        /// The close code, 4400 to 4499; 1009 if the token is longer than what the hub takes.
        code: u16,
        /// What it said.
        reason: String,
    },
    /// What answers at the URL is not the JSON socket of a hub.
    #[error("the answer to the upgrade was HTTP {status}: is this the URL of a hub?")]
    NoHub {
        /// The status.
        status: u16,
    },
    /// The handle was closed or dropped.
    #[error("the document was let go by this client")]
    LetGo,
}

/// Why an edit was not made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EditError {
    /// The hub refused it.
    #[error("the hub refused the edit: {}", .0.detail)]
    Refused(Problem),
    /// It is longer than what the hub takes in one message. Make it in parts.
    #[error("the edit has {bytes} bytes: {reason}")]
    TooLong {
        /// Its size.
        bytes: usize,
        /// Who says that this is too much.
        reason: String,
    },
    /// The document is not followed any more, and nobody can say whether the edit was made.
    #[error("the edit has no answer, because {0}")]
    Ended(Ended),
}
