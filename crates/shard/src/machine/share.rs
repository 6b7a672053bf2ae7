//! Access lists.

use super::step::{ApplyError, Step};
use super::{Done, Rejection};
use crate::command::Share;
use crate::store::{Head, Lookup, Space, key};
use base::Level;

impl Step<'_> {
    pub(super) fn share(&mut self, share: Share) -> Result<Result<Done, Rejection>, ApplyError> {
        let id = self.id(share.document)?;
        self.tick(share.origin.time_ms);
        let tenant = &share.origin.tenant;
        let document = key::document(tenant, id.as_bytes(), id.slot());
        // First, for who has just taken away their own access and asks again.
        if let Some(earlier) = self.repeated(tenant, id.slot(), &share.edit)? {
            return Ok(earlier);
        }
        let head = match self.permitted(&document, &share.origin.principals, Level::Admin)? {
            Ok(head) => head,
            Err(rejection) => return Ok(Err(rejection)),
        };
        let version = head.version;
        // The owner's level is not in the list, and no entry there could lower it.
        if share.principal != head.owner && !self.set_access(&document, head, &share, id.as_bytes())? {
            return Ok(Err(Rejection::AccessFull));
        }
        self.touch_access(tenant, id);
        Ok(Ok(self.done(tenant, id, &share.edit, version)))
    }

    /// Writes the entry and the list of its principal. `false`: there is no room for another entry.
    fn set_access(
        &mut self,
        document: &[u8],
        mut head: Head,
        share: &Share,
        id: &[u8; 16],
    ) -> Result<bool, ApplyError> {
        let entry = key::access(document, &share.principal);
        let listed = key::listed(&share.origin.tenant, &share.principal, id);
        let present = self.txn.get(Space::Documents, &entry)?.is_some();
        match share.level {
            Some(level) => {
                let grantable = Level::from_number(level).filter(|level| *level <= Level::Admin);
                let level = grantable.ok_or_else(|| self.rule("shares grant read, write or admin"))?;
                if !present && head.access_entries >= share.entries_max {
                    return Ok(false);
                }
                head.access_entries += u32::from(!present);
                self.txn.put(Space::Documents, entry, vec![level as u8]);
                self.txn.put(Space::Lists, listed, vec![level as u8]);
            }
            None => {
                head.access_entries -= u32::from(present);
                self.txn.remove(Space::Documents, entry);
                self.txn.remove(Space::Lists, listed);
            }
        }
        self.txn.put(Space::Documents, key::head(document), head.to_record());
        Ok(true)
    }
}
