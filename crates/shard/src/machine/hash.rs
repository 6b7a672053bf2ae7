//! State hashes: what replicas compare.
//!
//! They cover heads, versions, access, tombstones and edit ids. They never cover stored bytes: replicas compact when
//! they like, and every sealing is different.

use super::Machine;
use crate::store::{DocumentRecord, Head, Lookup, Space, StoreError, StoreView, VersionRecord, key};
use base::Hash;
use sha2::{Digest, Sha256};

impl Machine {
    /// The hash of what the log means up to the last applied entry. Reads everything: for drills and tests.
    pub fn state_hash(&self) -> Result<Hash, StoreError> {
        hash_of(&self.store.view())
    }
}

fn hash_of(view: &StoreView) -> Result<Hash, StoreError> {
    let mut digest = Sha256::new();
    for pair in view.all(Space::Documents) {
        let (key, value) = pair?;
        match key::record_kind(&key) {
            Some(DocumentRecord::Head) => {
                // Decoded, so that the encoding of another release does not count.
                let head = Head::from_record(&value)?;
                add(&mut digest, &key, format!("{head:?}").as_bytes());
            }
            Some(DocumentRecord::Access) => add(&mut digest, &key, &value),
            Some(DocumentRecord::Version) => {
                let version = VersionRecord::from_record(&value)?;
                add(&mut digest, &key, version.heads());
            }
            _ => {}
        }
    }
    for space in [Space::Edits, Space::Lists] {
        for pair in view.all(space) {
            let (key, value) = pair?;
            add(&mut digest, &key, &value);
        }
    }
    for fixed in [key::state::APPLIED, key::state::CLOCK, key::state::MEMBERSHIP] {
        if let Some(value) = view.get(Space::State, fixed)? {
            add(&mut digest, fixed, &value);
        }
    }
    Ok(Hash(digest.finalize().into()))
}

fn add(digest: &mut Sha256, key: &[u8], value: &[u8]) {
    for field in [key, value] {
        digest.update((field.len() as u64).to_be_bytes());
        digest.update(field);
    }
}
