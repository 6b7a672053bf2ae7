//! Finding and making the keys of documents.

use crate::command::{Command, DocumentKey, OwnerKey};
use crate::documents::Fault;
use crate::store::{DocKey, Head, Space, StoreView, key};
use base::{Slot, TenantId, Timestamp};
use quick_cache::sync::Cache;
use vault::{Context, Key, Kind, MasterKey, Wrapped};

/// Owner keys that are kept open. One takes about 200 bytes.
const OWNER_KEYS_KEPT: usize = 10_000;

/// Opens wrapped keys, from the master key down.
pub struct Keyring {
    master: MasterKey,
    owners: Cache<OwnerId, Key>,
}

/// Whose key: an owner has one for each slot that holds documents of theirs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnerId {
    /// The tenant.
    pub tenant: TenantId,
    /// The owner's name.
    pub owner: String,
    /// The slot.
    pub slot: Slot,
}

/// The length of a key's id, which stands before a wrapped owner key.
const ID_BYTES: usize = 8;

impl Keyring {
    /// A keyring under a master key.
    pub fn new(master: MasterKey) -> Keyring {
        Keyring { master, owners: Cache::new(OWNER_KEYS_KEPT) }
    }

    /// Forgets the keys that are kept open.
    pub fn forget(&self) {
        self.owners.clear();
    }

    /// The stored key of an owner, if there is one.
    pub fn owner_key(&self, view: &StoreView<'_>, id: &OwnerId) -> Result<Option<Key>, Fault> {
        if let Some(key) = self.owners.get(id) {
            return Ok(Some(key));
        }
        let stored = view.get(Space::Documents, &key::owner_key(id.tenant.as_str(), id.slot, &id.owner))?;
        let Some(stored) = stored else { return Ok(None) };
        let wrapped = stored.get(ID_BYTES..).ok_or_else(|| Fault::damaged("an owner key is too short"))?;
        let key = Wrapped::from_bytes(wrapped)?.unwrap_with(self.master.key(), &id.context())?;
        self.owners.insert(id.clone(), key.clone());
        Ok(Some(key))
    }

    /// The key of an owner, and the record of a new one if there is none yet.
    ///
    /// If another creation stores one first, a document key under this one is not taken, and it is to be tried again.
    pub fn owner_key_or_new(
        &self,
        view: &StoreView<'_>,
        id: &OwnerId,
        now: Timestamp,
    ) -> Result<(Key, Vec<Command>), Fault> {
        if let Some(key) = self.owner_key(view, id)? {
            return Ok((key, vec![]));
        }
        let (key, record) = self.new_owner_key(id, now.0);
        Ok((key, vec![record]))
    }

    /// A new owner key, as the record to put into the log. The key that is stored afterwards may be another's.
    fn new_owner_key(&self, id: &OwnerId, time_ms: u64) -> (Key, Command) {
        let key = Key::random();
        let record = OwnerKey {
            tenant: id.tenant.as_str().to_owned(),
            owner: id.owner.clone(),
            slot: id.slot.number(),
            id: key.id().0,
            wrapped: key.wrap_with(self.master.key(), &id.context()).to_bytes(),
            time_ms,
        };
        (key, Command::OwnerKey(record))
    }

    /// The key of a document, from its head record.
    pub fn document_key(&self, view: &StoreView<'_>, doc: &DocKey, head: &Head) -> Result<Key, Fault> {
        let id = OwnerId { tenant: doc.tenant.clone(), owner: head.owner.clone(), slot: doc.id.slot() };
        let above = self.owner_key(view, &id)?;
        let above = above.ok_or_else(|| Fault::damaged("the key of the document's owner is missing"))?;
        Ok(Wrapped::from_bytes(&head.key)?.unwrap_with(&above, &document_context(doc))?)
    }
}

/// A new document key under the owner's, and the record to put into the log before the document.
pub fn new_document_key(doc: &DocKey, owner: &str, above: &Key, time_ms: u64) -> (Key, Command) {
    let key = Key::random();
    let wrapped = key.wrap_with(above, &document_context(doc)).to_bytes();
    let record = DocumentKey {
        tenant: doc.tenant.as_str().to_owned(),
        owner: owner.to_owned(),
        document: *doc.id.as_bytes(),
        wrapped,
        time_ms,
    };
    (key, Command::DocumentKey(record))
}

fn document_context(doc: &DocKey) -> Context<'_> {
    Context { tenant: doc.tenant.as_str(), subject: doc.id.as_bytes(), kind: Kind::DocumentKey }
}

impl OwnerId {
    fn context(&self) -> Context<'_> {
        Context { tenant: self.tenant.as_str(), subject: self.owner.as_bytes(), kind: Kind::OwnerKey }
    }
}
