//! Keys and sealing: what is at rest is readable only with the keys above it.
//!
//! ```text
//! master key (a file or a setting) ──wraps──▶ owner key ──wraps──▶ document key ──seals──▶ payloads
//! ```
//!
//! Everything is AES-256-GCM with a random 96-bit nonce, and names in its associated data whose it is and what it is,
//! so that a sealed value put in another's place does not open. Destroying a wrapped key erases all below it. The hub
//! itself can read: this is encryption at rest, not end to end.

mod key;
mod master;
mod seal;

pub use key::{Key, KeyId, Wrapped};
pub use master::{MasterKey, MasterKeyError};
pub use seal::{Context, Kind, OpenError, SEAL_OVERHEAD_BYTES, open, seal};

/// Decoders of bytes from outside, for fuzzing.
#[doc(hidden)]
pub mod fuzzing {
    use crate::{Context, Key, Kind, Wrapped, open};

    /// Opens arbitrary bytes as a sealed payload and as a wrapped key: neither may panic.
    pub fn open_anything(bytes: &[u8]) {
        let key = Key::from_bytes([7; 32]);
        let context = Context { tenant: "t", subject: b"d", kind: Kind::Change };
        let _ = open(&key, &context, bytes);
        if let Ok(wrapped) = Wrapped::from_bytes(bytes) {
            let _ = wrapped.unwrap_with(&key, &context);
        }
    }
}
