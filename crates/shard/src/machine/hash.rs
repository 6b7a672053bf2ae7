//! State hashes: what replicas compare.
//!
//! They cover heads, versions, access, tombstones, edit ids, tickets and the feed. They never cover stored bytes: replicas compact when
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

fn hash_of(view: &StoreView<'_>) -> Result<Hash, StoreError> {
    let mut digest = Sha256::new();
    for pair in view.all(Space::Documents) {
        let (key, value) = pair?;
        match key::record_kind(&key) {
            Some(DocumentRecord::Head) => add_head(&mut digest, &key, Head::from_record(&value)?),
            Some(DocumentRecord::Access | DocumentRecord::Ticket) => add(&mut digest, &key, &value),
            Some(DocumentRecord::Version) => {
                let version = VersionRecord::from_record(&value)?;
                add(&mut digest, &key, version.heads());
            }
            _ => {}
        }
    }
    for space in [Space::Edits, Space::Lists, Space::Feed] {
        for pair in view.all(space) {
            let (key, value) = pair?;
            add(&mut digest, &key, &value);
        }
    }
    for fixed in [key::state::APPLIED, key::state::CLOCK, key::state::MEMBERSHIP, key::state::FEED] {
        if let Some(value) = view.get(Space::State, fixed)? {
            add(&mut digest, fixed, &value);
        }
    }
    Ok(Hash(digest.finalize().into()))
}

/// Every field but the sealed ones, decoded, so that how a release encodes them does not count.
fn add_head(digest: &mut Sha256, at: &[u8], head: Head) {
    let Head {
        name, shape, owner, version, heads, created_ms, updated_ms, deleted_ms, access_entries, ..
    } = &head;
    let numbers = format!("{shape} {version} {created_ms} {updated_ms} {deleted_ms:?} {access_entries}");
    for field in [name.as_bytes(), owner.as_bytes(), heads, numbers.as_bytes()] {
        add(digest, at, field);
    }
    if let Some(first) = &head.first {
        add(digest, at, first.heads());
    }
}

fn add(digest: &mut Sha256, key: &[u8], value: &[u8]) {
    for field in [key, value] {
        digest.update((field.len() as u64).to_be_bytes());
        digest.update(field);
    }
}
