//! What is wrong with something stored.

/// What is wrong with something stored, or about to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Nobody of this version wrote that.
    #[error(
        "the value of {key} is damaged: {reason}; look at it with etcdctl, and put it right or delete it"
    )]
    Damaged {
        /// Where.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// A later version wrote it.
    #[error("the value of {key} has format {format}, which this version does not read: update this process")]
    Format {
        /// Where.
        key: String,
        /// The format that it says it has.
        format: u32,
    },
    /// A prefix under which nothing can be stored.
    #[error("{prefix:?} is no prefix of keys: it begins with a slash, and has 1 to 128 printable characters")]
    Prefix {
        /// What was asked for.
        prefix: String,
    },
    /// What a node says of itself, or what a cluster is to be, cannot be.
    #[error("{reason}")]
    Invalid {
        /// What has to hold.
        reason: &'static str,
    },
}
