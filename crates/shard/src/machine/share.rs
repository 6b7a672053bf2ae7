//! Access lists.

use super::feed::Told;
use super::step::{ApplyError, Step};
use super::{Done, Rejection};
use crate::command::Share;
use crate::store::{FeedKind, Grant, Head, Lookup, Space, key};
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
        if share.principal != head.owner {
            match self.set_access(&document, head.clone(), &share, id.as_bytes())? {
                Set::Full => return Ok(Err(Rejection::AccessFull)),
                Set::Same => {}
                Set::Changed => self.tell(tenant, id, &head, told(&share)),
            }
        }
        self.touch_access(tenant, id);
        Ok(Ok(self.done(tenant, id, &share.edit, version)))
    }

    /// Writes the entry and the list of its principal.
    fn set_access(
        &mut self,
        document: &[u8],
        mut head: Head,
        share: &Share,
        id: &[u8; 16],
    ) -> Result<Set, ApplyError> {
        let entry = key::access(document, &share.principal);
        let listed = key::listed(&share.origin.tenant, &share.principal, id);
        let before = self.txn.get(Space::Documents, &entry)?;
        let present = before.is_some();
        match share.level {
            Some(level) => {
                let grantable = Level::from_number(level).filter(|level| *level <= Level::Admin);
                let level = grantable.ok_or_else(|| self.rule("shares grant read, write or admin"))?;
                if !present && head.access_entries >= share.entries_max {
                    return Ok(Set::Full);
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
        let same = before.as_deref() == share.level.as_ref().map(std::slice::from_ref);
        Ok(if same { Set::Same } else { Set::Changed })
    }
}

/// What became of an entry of an access list.
enum Set {
    Changed,
    /// It was as it is now.
    Same,
    /// There is no room for another.
    Full,
}

/// What the feed hears of a change of access.
fn told(share: &Share) -> Told {
    let lost = if share.level.is_none() { vec![share.principal.clone()] } else { vec![] };
    let grant = Some(Grant { principal: share.principal.clone(), level: share.level });
    Told { grant, lost, ..Told::by(vec![share.origin.actor().to_owned()], FeedKind::Shared) }
}
