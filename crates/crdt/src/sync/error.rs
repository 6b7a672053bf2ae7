//! What is wrong with a message that cannot be answered. Only the peer that sent it is affected.

use thiserror::Error;

use crate::admit::Malformed;

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The bytes do not follow the format.
    #[error("not a well-formed sync message: {0}")]
    Malformed(#[from] Malformed),
    /// The first byte is not that of a sync message.
    #[error("not a sync message of version 1 or 2: it starts with {found:#04x} instead of 0x42 or 0x43")]
    UnknownVersion {
        /// The first byte.
        found: u8,
    },
    /// More heads than are taken.
    #[error("the message names {count} heads, and {limit} are taken; merge some of them first")]
    TooManyHeads {
        /// How many the message says there are.
        count: u64,
        /// How many are taken.
        limit: usize,
    },
    /// More changes asked for than are taken.
    #[error(
        "the message asks for {count} changes by their hash, and {limit} are taken; ask for some of them first"
    )]
    TooManyNeeds {
        /// How many the message says there are.
        count: u64,
        /// How many are taken.
        limit: usize,
    },
    /// More summaries than are taken.
    #[error("the message has {count} summaries of what its sender has, and {limit} are taken; send one")]
    TooManyHaves {
        /// How many the message says there are.
        count: u64,
        /// How many are taken.
        limit: usize,
    },
    /// A filter that sets no bits for its changes, or far more than any library.
    #[error("a Bloom filter sets {probes} bits for each change, and 1 to {limit} are taken")]
    BadProbes {
        /// How many it sets.
        probes: u32,
        /// How many are taken.
        limit: u32,
    },
}
