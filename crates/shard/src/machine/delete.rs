//! Deletion: the content goes, and with it its key; a tombstone stays for good.

use super::feed::Told;
use super::step::{ApplyError, Step};
use super::{Done, Rejection};
use crate::command::Delete;
use crate::store::{FeedKind, Head, Lookup, Space, key};
use base::Level;

impl Step<'_> {
    pub(super) fn delete(&mut self, delete: Delete) -> Result<Result<Done, Rejection>, ApplyError> {
        let id = self.id(delete.document)?;
        let time_ms = self.tick(delete.origin.time_ms);
        let tenant = &delete.origin.tenant;
        if let Some(earlier) = self.repeated(tenant, id.slot(), &delete.edit)? {
            return Ok(earlier);
        }
        let document = key::document(tenant, id.as_bytes(), id.slot());
        let head = match self.permitted(&document, &delete.origin.principals, Level::Owner)? {
            Ok(head) => head,
            Err(rejection) => return Ok(Err(rejection)),
        };
        if delete.version.is_some_and(|version| version != head.version) {
            return Ok(Err(Rejection::Stale));
        }
        let lost = self.unlist(tenant, &document, &head, id.as_bytes())?;
        let told = Told { lost, ..Told::by(vec![delete.origin.actor().to_owned()], FeedKind::Deleted) };
        self.tell(tenant, id, &head, told);
        for (key, _) in self.txn.prefix(Space::Documents, &document)? {
            self.txn.remove(Space::Documents, key);
        }
        let version = head.version;
        let tombstone = Head {
            name: String::new(),
            heads: vec![],
            key: vec![],
            first: None,
            labels: None,
            access_entries: 0,
            updated_ms: time_ms,
            deleted_ms: Some(time_ms),
            ..head
        };
        self.txn.put(Space::Documents, key::head(&document), tombstone.to_record());
        self.touch_access(tenant, id);
        Ok(Ok(self.done(tenant, id, &delete.edit, version)))
    }

    /// Takes the document out of every list that it stands in, and says whose lists those are.
    fn unlist(
        &mut self,
        tenant: &str,
        document: &[u8],
        head: &Head,
        id: &[u8; 16],
    ) -> Result<Vec<String>, ApplyError> {
        let mut readers = vec![head.owner.clone()];
        let prefix = key::access_prefix(document);
        for (key, _) in self.txn.prefix(Space::Documents, &prefix)? {
            let principal = std::str::from_utf8(&key[prefix.len()..])
                .map_err(|_| self.rule("access records are keyed by principals"))?;
            readers.push(principal.to_owned());
        }
        for reader in &readers {
            self.txn.remove(Space::Lists, key::listed(tenant, reader, id));
        }
        Ok(readers)
    }
}
