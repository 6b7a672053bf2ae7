//! Names and labels: what is said of a document beside its content.
//!
//! They are no content: version, heads and the time of the version stay, so that no edit is refused for a rename.

use super::feed::Told;
use super::step::{ApplyError, Step};
use super::{Done, Rejection};
use crate::command::{LabelChange, SetMetadata};
use crate::store::{FeedKind, Head, Lookup, Space, key};
use base::{Labels, Level};

impl Step<'_> {
    pub(super) fn set_metadata(&mut self, set: SetMetadata) -> Result<Result<Done, Rejection>, ApplyError> {
        let SetMetadata { origin, edit, document, version, name, clear_labels, labels, labels_max } = set;
        let id = self.id(document)?;
        self.tick(origin.time_ms);
        let tenant = &origin.tenant;
        if let Some(earlier) = self.repeated(tenant, id.slot(), &edit)? {
            return Ok(earlier);
        }
        let document = key::document(tenant, id.as_bytes(), id.slot());
        let head = match self.permitted(&document, &origin.principals, Level::Write)? {
            Ok(head) => head,
            Err(rejection) => return Ok(Err(rejection)),
        };
        if version.is_some_and(|version| version != head.version) {
            return Ok(Err(Rejection::Stale));
        }
        let before = if clear_labels { Labels::new() } else { head.labels.clone().unwrap_or_default() };
        let Some(labels) = changed(before, labels, labels_max) else {
            return Ok(Err(Rejection::LabelsFull));
        };
        let name = name.unwrap_or_else(|| head.name.clone());
        let version = head.version;
        if (&name, &labels) != (&head.name, &head.labels) {
            let head = Head { name, labels, ..head };
            self.txn.put(Space::Documents, key::head(&document), head.to_record());
            self.tell(tenant, id, &head, Told::by(vec![origin.actor().to_owned()], FeedKind::Metadata));
            self.touch(id);
        }
        Ok(Ok(self.done(tenant, id, &edit, version)))
    }
}

/// The labels after the changes, as a head has them; `None` if they are too many. Who has too many already, because the limit
/// was another one, may still change some and take some away.
fn changed(before: Labels, changes: Vec<LabelChange>, most: u32) -> Option<Option<Labels>> {
    let had = before.len();
    let mut labels = before;
    for LabelChange { key, value } in changes {
        match value {
            Some(value) => labels.insert(key, value),
            None => labels.remove(&key),
        };
    }
    let fits = labels.len() <= (most as usize).max(had);
    fits.then(|| Some(labels).filter(|labels| !labels.is_empty()))
}
