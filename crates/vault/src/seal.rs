//! Sealing: `format (1 byte) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`.

use crate::Key;
use aes_gcm::aead::{AeadInOut, Nonce};
use aes_gcm::{Aes256Gcm, KeyInit};
use rand::RngCore;

/// The only format so far. It is part of the associated data.
const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// How much longer a sealed payload is than its content.
pub const SEAL_OVERHEAD_BYTES: usize = 1 + NONCE_BYTES + TAG_BYTES;

/// What a sealed value is. Numbers are stored: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// An owner key under the master key.
    OwnerKey = 1,
    /// A document key under an owner key.
    DocumentKey = 2,
    /// Change chunks of a document.
    Change = 3,
    /// A document, compacted.
    Compacted = 4,
}

/// Whose a sealed value is and what it is: its associated data.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The document's id, or the owner's name for an owner key.
    pub subject: &'a [u8],
    /// What it is.
    pub kind: Kind,
}

impl Context<'_> {
    /// Every field with its length, so that no two contexts have the same bytes.
    fn associated_data(&self) -> Vec<u8> {
        let (tenant, subject) = (self.tenant.as_bytes(), self.subject);
        let mut data = Vec::with_capacity(10 + tenant.len() + subject.len());
        data.extend([FORMAT, self.kind as u8]);
        for field in [tenant, subject] {
            data.extend(u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
            data.extend(field);
        }
        data
    }
}

/// Why a sealed value does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Too short to be a sealed value.
    #[error("{0} bytes are too few for a sealed value")]
    Short(usize),
    /// A format of another release.
    #[error("sealed in format {0}, which this release does not know; start the release that wrote it")]
    Format(u8),
    /// The key, the place or the bytes are not those that it was sealed with.
    #[error("does not open with this key in this place: it was altered, moved, or sealed with another key")]
    Unauthentic,
}

/// Seals `content` under `key`, bound to `context`.
pub fn seal(key: &Key, context: &Context<'_>, content: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_BYTES];
    rand::rng().fill_bytes(&mut nonce);
    let mut sealed = Vec::with_capacity(content.len() + SEAL_OVERHEAD_BYTES);
    sealed.push(FORMAT);
    sealed.extend(nonce);
    sealed.extend(content);
    let tag = cipher(key)
        .encrypt_inout_detached(
            &Nonce::<Aes256Gcm>::from(nonce),
            &context.associated_data(),
            (&mut sealed[1 + NONCE_BYTES..]).into(),
        )
        .expect("AES-GCM takes up to 64 GiB, far above every limit of a payload");
    sealed.extend(tag);
    sealed
}

/// Opens what [`seal`] sealed under the same key and context.
pub fn open(key: &Key, context: &Context<'_>, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    if sealed.len() < SEAL_OVERHEAD_BYTES {
        return Err(OpenError::Short(sealed.len()));
    }
    if sealed[0] != FORMAT {
        return Err(OpenError::Format(sealed[0]));
    }
    let (nonce, rest) = sealed[1..].split_at(NONCE_BYTES);
    let (ciphertext, tag) = rest.split_at(rest.len() - TAG_BYTES);
    let mut content = ciphertext.to_vec();
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().expect("split at its length");
    let tag: [u8; TAG_BYTES] = tag.try_into().expect("split at its length");
    cipher(key)
        .decrypt_inout_detached(
            &Nonce::<Aes256Gcm>::from(nonce),
            &context.associated_data(),
            content.as_mut_slice().into(),
            &tag.into(),
        )
        .map_err(|_| OpenError::Unauthentic)?;
    Ok(content)
}

fn cipher(key: &Key) -> Aes256Gcm {
    Aes256Gcm::new(key.as_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HERE: Context<'static> = Context { tenant: "acme", subject: b"doc", kind: Kind::Change };

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_only_whole(content: Vec<u8>, flip: prop::sample::Index) {
            let key = Key::random();
            let mut sealed = seal(&key, &HERE, &content);
            prop_assert_eq!(sealed.len(), content.len() + SEAL_OVERHEAD_BYTES);
            prop_assert_eq!(open(&key, &HERE, &sealed).unwrap(), content);
            let at = flip.index(sealed.len());
            sealed[at] ^= 0x10;
            prop_assert!(open(&key, &HERE, &sealed).is_err());
        }

        #[test]
        fn arbitrary_bytes_are_refused(bytes: Vec<u8>) {
            prop_assert!(open(&Key::random(), &HERE, &bytes).is_err());
        }
    }

    #[test]
    fn another_place_or_key_does_not_open_it() {
        let key = Key::random();
        let sealed = seal(&key, &HERE, b"secret");
        let others = [
            Context { tenant: "acmed", subject: b"oc", ..HERE },
            Context { subject: b"dox", ..HERE },
            Context { kind: Kind::Compacted, ..HERE },
        ];
        for other in others {
            assert_eq!(open(&key, &other, &sealed), Err(OpenError::Unauthentic));
        }
        assert_eq!(open(&Key::random(), &HERE, &sealed), Err(OpenError::Unauthentic));
    }

    #[test]
    fn a_newer_format_is_named() {
        let key = Key::random();
        let mut sealed = seal(&key, &HERE, b"");
        sealed[0] = 9;
        assert_eq!(open(&key, &HERE, &sealed), Err(OpenError::Format(9)));
    }
}
