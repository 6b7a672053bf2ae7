//! Edits.

use super::feed::Told;
use super::step::{ApplyError, Step};
use super::{Done, Rejection};
use crate::command::{EditDocument, EditPart};
use crate::store::{FeedKind, Head, Lookup, PartRecord, Space, VersionRecord, key};
use base::{DocId, Level};

impl Step<'_> {
    /// Applies the parts in order. Each was made on those before it: after one that is not applied, none is.
    ///
    /// The command names the version that it was made on, and a version is the same on every node: so it does no harm how late
    /// a command comes, or from a leader that has not led for long. It meets the state that it was made on, or is stale.
    pub(super) fn edit(&mut self, edit: EditDocument) -> Result<Vec<Result<Done, Rejection>>, ApplyError> {
        let id = self.id(edit.document)?;
        let time_ms = self.tick(edit.time_ms);
        let document = key::document(&edit.tenant, id.as_bytes(), id.slot());
        let head = self.txn.record::<Head>(Space::Documents, &key::head(&document))?;
        let Some(head) = head.filter(|head| head.deleted_ms.is_none()) else {
            return Ok(vec![Err(Rejection::NotFound); edit.parts.len()]);
        };
        if head.version != edit.version {
            return Ok(vec![Err(Rejection::Stale); edit.parts.len()]);
        }

        let mut verdicts = Vec::with_capacity(edit.parts.len());
        for part in &edit.parts {
            let broken = verdicts.iter().any(|verdict| !matches!(verdict, Verdict::Apply));
            verdicts.push(if broken {
                Verdict::Stale
            } else {
                self.verdict(&edit.tenant, id, &document, &head.owner, part)?
            });
        }
        let applied = verdicts.iter().take_while(|verdict| matches!(verdict, Verdict::Apply)).count();
        let version = self.store_version(&edit.tenant, id, &document, head, &edit.parts[..applied], time_ms);

        let parts = edit.parts.iter().zip(verdicts);
        let outcomes = parts.map(|(part, verdict)| match verdict {
            Verdict::Apply => Ok(match &part.edit {
                Some(edit_id) => self.done(&edit.tenant, id, edit_id, version),
                None => self.done_unnoted(id, version),
            }),
            Verdict::Earlier(outcome) => outcome,
            Verdict::Stale => Err(Rejection::Stale),
        });
        Ok(outcomes.collect())
    }

    fn verdict(
        &self,
        tenant: &str,
        id: DocId,
        document: &[u8],
        owner: &str,
        part: &EditPart,
    ) -> Result<Verdict, ApplyError> {
        let needs = Level::from_number(part.needs).ok_or_else(|| self.rule("levels are 1 to 4"))?;
        // Changes of CRDT clients need no receipt. Who made the command had all of them in its graph, which holds one
        // change for each (actor, number), and the command applies to no other version than the one of that graph.
        if let Some(edit) = &part.edit
            && let Some(earlier) = self.repeated(tenant, id.slot(), edit)?
        {
            return Ok(Verdict::Earlier(earlier));
        }
        if let Err(rejection) = self.allowed(document, owner, &part.principals, needs)? {
            return Ok(Verdict::Earlier(Err(rejection)));
        }
        Ok(Verdict::Apply)
    }

    /// Stores what the parts have changed as one version. Gives the version, which stays if nothing has changed.
    fn store_version(
        &mut self,
        tenant: &str,
        id: DocId,
        document: &[u8],
        mut head: Head,
        parts: &[EditPart],
        time_ms: u64,
    ) -> u64 {
        let changing = parts.iter().filter(|part| !part.changes.is_empty());
        let records: Vec<_> = changing
            .map(|part| PartRecord {
                author: part.principals.first().cloned().unwrap_or_default(),
                heads: part.heads.clone(),
                changes: part.changes.clone(),
                size: None,
            })
            .collect();
        let Some(newest) = records.last() else { return head.version };
        if let Some(first) = head.first.take() {
            self.txn.put(Space::Documents, key::version(document, 1), first.to_record());
        }
        let version = head.version + 1;
        let head = Head { version, heads: newest.heads.clone(), updated_ms: time_ms, ..head };
        self.txn.put(Space::Documents, key::head(document), head.to_record());
        self.tell(tenant, id, &head, Told::by(authors(&records), FeedKind::Changed));
        let record = VersionRecord { time_ms, parts: records };
        self.txn.put(Space::Documents, key::version(document, version), record.to_record());
        self.touch(id);
        version
    }
}

/// Who made these, each once, in order.
fn authors(parts: &[PartRecord]) -> Vec<String> {
    let mut authors: Vec<String> = Vec::new();
    for part in parts {
        if !authors.contains(&part.author) {
            authors.push(part.author.clone());
        }
    }
    authors
}

/// What becomes of a part.
enum Verdict {
    Apply,
    Earlier(Result<Done, Rejection>),
    Stale,
}
