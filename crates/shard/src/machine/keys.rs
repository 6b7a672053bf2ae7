//! Key records.

use super::hint::KeyId;
use super::step::{ApplyError, Step};
use crate::command::{Command, DocumentKey, OwnerKey};
use crate::store::{Space, key};

impl Step<'_> {
    pub(super) fn key_record(&mut self, record: Command) -> Result<(), ApplyError> {
        match record {
            Command::OwnerKey(record) => self.owner_key(record),
            Command::DocumentKey(record) => self.document_key(record),
            _ => Err(self.rule("an entry of keys holds keys alone")),
        }
    }

    /// The first key of an owner stays: a second one, made at the same time by somebody else, is dropped.
    fn owner_key(&mut self, record: OwnerKey) -> Result<(), ApplyError> {
        self.tick(record.time_ms);
        let slot = self.slot(record.slot)?;
        let key = key::owner_key(&record.tenant, slot, &record.owner);
        if self.txn.get(Space::Documents, &key)?.is_none() {
            let value = [&record.id[..], &record.wrapped].concat();
            self.txn.put(Space::Documents, key, value);
        }
        Ok(())
    }

    /// Taken only if the owner's stored key wraps it and the document is new. The creation behind it notices if not.
    fn document_key(&mut self, record: DocumentKey) -> Result<(), ApplyError> {
        self.tick(record.time_ms);
        let id = self.id(record.document)?;
        let document = key::document(&record.tenant, id.as_bytes(), id.slot());
        let above = self.owner_key_id(key::owner_key(&record.tenant, id.slot(), &record.owner))?;
        let wrapped_by_it = above.is_some_and(|above| record.wrapped.starts_with(&above));
        let is_new = self.txn.get(Space::Documents, &key::head(&document))?.is_none();
        if wrapped_by_it && is_new {
            self.txn.put(Space::Documents, key::document_key(&document), record.wrapped);
        }
        Ok(())
    }

    /// The id of the owner's key that is stored there.
    fn owner_key_id(&mut self, stored_at: Vec<u8>) -> Result<Option<KeyId>, ApplyError> {
        if let Some(id) = self.hint.owner_keys.get(&stored_at) {
            return Ok(Some(id));
        }
        let stored = self.txn.get(Space::Documents, &stored_at)?;
        let id = stored.and_then(|stored| stored.first_chunk().copied());
        if let Some(id) = id {
            self.hint.owner_keys.note(stored_at, id);
        }
        Ok(id)
    }
}
