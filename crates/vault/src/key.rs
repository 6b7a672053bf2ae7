//! A key, and a key wrapped by the key above it.

use crate::seal::{Context, OpenError, open, seal};
use rand::RngCore;
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// 256 secret bits, wiped when dropped, never printed.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

/// Names a key without telling it: the first 8 bytes of SHA-256 over a prefix and the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 8]);

impl Key {
    /// A new key.
    pub fn random() -> Key {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(&mut *bytes);
        Key(bytes)
    }

    /// The key with these bits.
    pub fn from_bytes(bytes: [u8; 32]) -> Key {
        Key(Zeroizing::new(bytes))
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        let digest = Sha256::new().chain_update(b"context-hub key id\0").chain_update(*self.0).finalize();
        KeyId(std::array::from_fn(|i| digest[i]))
    }

    /// This key, wrapped by `above`.
    pub fn wrap_with(&self, above: &Key, context: &Context<'_>) -> Wrapped {
        Wrapped { by: above.id(), sealed: seal(above, context, &*self.0) }
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {:?}", self.id())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A key under another: `id of the wrapping key (8) ‖ sealed key`.
#[derive(Clone, PartialEq, Eq)]
pub struct Wrapped {
    by: KeyId,
    sealed: Vec<u8>,
}

impl Wrapped {
    /// The key that it was wrapped with.
    pub fn by(&self) -> KeyId {
        self.by
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.by.0[..], &self.sealed].concat()
    }

    /// Reads the stored form; whether it opens shows only in [`Wrapped::unwrap_with`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Wrapped, OpenError> {
        let (by, sealed) = bytes.split_first_chunk().ok_or(OpenError::Short(bytes.len()))?;
        Ok(Wrapped { by: KeyId(*by), sealed: sealed.to_vec() })
    }

    /// The key inside.
    pub fn unwrap_with(&self, above: &Key, context: &Context<'_>) -> Result<Key, OpenError> {
        let bytes = Zeroizing::new(open(above, context, &self.sealed)?);
        let bits: [u8; 32] = bytes.as_slice().try_into().map_err(|_| OpenError::Unauthentic)?;
        Ok(Key::from_bytes(bits))
    }
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key wrapped by {:?}", self.by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn a_wrapped_key_is_read_back_by_the_right_key_alone() {
        let context = Context { tenant: "t", subject: b"ada", kind: Kind::OwnerKey };
        let (master, key) = (Key::random(), Key::random());
        let stored = key.wrap_with(&master, &context).to_bytes();
        let wrapped = Wrapped::from_bytes(&stored).unwrap();
        assert_eq!(wrapped.by(), master.id());
        assert_eq!(wrapped.unwrap_with(&master, &context).unwrap().id(), key.id());
        assert!(wrapped.unwrap_with(&Key::random(), &context).is_err());
        assert!(Wrapped::from_bytes(&stored[..7]).is_err());
    }

    #[test]
    fn a_key_never_prints_its_bits() {
        let key = Key::from_bytes([0xab; 32]);
        assert!(!format!("{key:?}").contains("abab"));
    }
}
