//! Creation.

use super::feed::Told;
use super::step::{ApplyError, Step};
use super::{Done, Rejection};
use crate::command::Create;
use crate::store::{FeedKind, Head, Lookup, PartRecord, Space, VersionRecord, key};
use base::{DocId, Level, Shape};

/// A first version of so many sealed bytes stands in the head record: most documents are then one record. A longer one
/// does not, because every access check reads the head.
const INLINE_BYTES_MAX: usize = 4 << 10;

impl Step<'_> {
    pub(super) fn create(&mut self, create: Create) -> Result<Result<Done, Rejection>, ApplyError> {
        let id = self.id(create.document)?;
        let time_ms = self.tick(create.origin.time_ms);
        let tenant = create.origin.tenant.clone();
        let document = key::document(&tenant, id.as_bytes(), id.slot());
        if Shape::from_number(create.shape).is_none() {
            return Err(self.rule("documents are texts or JSON"));
        }
        if self.txn.get(Space::Documents, &key::head(&document))?.is_some() {
            return Ok(Err(Rejection::Exists));
        }
        let stored_at = key::document_key(&document);
        if let Some(earlier) = self.repeated(&tenant, id.slot(), &create.edit)? {
            // The key before a repeated creation is of no use to anyone.
            self.txn.remove(Space::Documents, stored_at);
            return Ok(earlier);
        }
        // It goes into the head, behind which nobody looks for it any more.
        let Some(key) = self.txn.take(Space::Documents, stored_at)? else {
            return Ok(Err(Rejection::Stale));
        };
        let done = self.done(&tenant, id, &create.edit, 1);
        self.touch_access(&tenant, id);
        self.store_new(id, &document, create, key, time_ms);
        Ok(Ok(done))
    }

    fn store_new(&mut self, id: DocId, document: &[u8], create: Create, key: Vec<u8>, time_ms: u64) {
        let owner = create.origin.actor().to_owned();
        let listed = key::listed(&create.origin.tenant, &owner, id.as_bytes());
        self.txn.put(Space::Lists, listed, vec![Level::Owner as u8]);
        let (author, heads) = (owner.clone(), create.heads.clone());
        let part = PartRecord { author, heads, changes: create.change, size: None };
        let version = VersionRecord { time_ms, parts: vec![part] };
        let small = version.parts.iter().map(|part| part.changes.len()).sum::<usize>() <= INLINE_BYTES_MAX;
        let first = if small {
            Some(version)
        } else {
            self.txn.put(Space::Documents, key::version(document, 1), version.to_record());
            None
        };
        let head = Head {
            name: create.name,
            shape: create.shape,
            owner,
            version: 1,
            heads: create.heads,
            created_ms: time_ms,
            updated_ms: time_ms,
            deleted_ms: None,
            access_entries: 0,
            key,
            first,
            labels: create.labels.filter(|labels| !labels.is_empty()),
        };
        self.txn.put(Space::Documents, key::head(document), head.to_record());
        let told = Told::by(vec![head.owner.clone()], FeedKind::Created);
        self.tell(&create.origin.tenant, id, &head, told);
    }
}
