//! How much one message of a peer may ask for, beside its length, which the socket limits.

/// How much is taken of one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Heads that a message names. A document that so many wrote to without ever seeing each other is not one
    /// that people work on.
    pub heads: usize,
    /// Changes that a message asks for by their hash.
    pub needs: usize,
    /// Summaries of what the peer has. Libraries send one.
    pub haves: usize,
    /// Bits that a filter sets for each change. Libraries set 7.
    pub probes: u32,
    /// Bytes of changes, and of what is kept with each, that wait for others which this peer has not sent yet.
    pub orphan_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { heads: 8 << 10, needs: 64 << 10, haves: 8, probes: 32, orphan_bytes: 4 << 20 }
    }
}
