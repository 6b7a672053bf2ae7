//! The versions of a document, as the records of them tell.

use super::engine::Engine;
use super::{Fault, stored};
use crate::shard::Shard;
use crate::store::{DocKey, PartRecord, VersionRecord, split_heads};
use base::{Timestamp, UserId};
use rpc::{Refusal, Size, Version, Versions};
use std::sync::Arc;
use vault::Key;

/// Sealed bytes that are opened for one page, to see how many changes they are. The page ends where they are used up, behind one
/// version at least.
const OPENED_BYTES: usize = 4 << 20;

impl Engine {
    /// Versions before `before`, the newest first, `limit` of them at most. Whoever asks for more than a page gets a page.
    pub async fn history(
        self: &Arc<Engine>,
        shard: &Arc<Shard>,
        doc: &DocKey,
        user: &UserId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Versions, Refusal> {
        let (engine, shard, doc, user) = (self.clone(), shard.clone(), doc.clone(), user.clone());
        let limit = limit.min(self.limits.page_documents);
        let look = move || engine.look_back(&shard, &doc, &user, before, limit);
        self.workers.run(look).await.map_err(Fault::from)?
    }

    fn look_back(
        &self,
        shard: &Shard,
        doc: &DocKey,
        user: &UserId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Versions, Refusal> {
        let revision = shard.revision();
        let store = &shard.machine.store().view();
        let head = stored::head(store, doc)?.ok_or(Refusal::NotFound)?;
        stored::level(store, doc, &head, user)?.ok_or(Refusal::NotFound)?;
        let key = self.keyring.document_key(store, doc, &head)?;
        let newest = before.map_or(head.version, |before| head.version.min(before.saturating_sub(1)));
        let (mut versions, mut opened) = (Vec::new(), 0);
        for number in (1..=newest).rev() {
            if !versions.is_empty() && (versions.len() >= limit || opened >= OPENED_BYTES) {
                return Ok(Versions { versions, next: Some(number + 1), revision });
            }
            let missing = || Fault::damaged(format!("version {number} is missing"));
            let record = stored::version(store, doc, &head, number)?.ok_or_else(missing)?;
            opened += record.parts.iter().map(|part| part.changes.len()).sum::<usize>();
            versions.push(told(doc, &key, number, &record)?);
        }
        Ok(Versions { versions, next: None, revision })
    }
}

fn told(doc: &DocKey, key: &Key, version: u64, record: &VersionRecord) -> Result<Version, Fault> {
    let heads = split_heads(record.heads())?;
    let (authors, size) = (authors(&record.parts)?, size(doc, key, &record.parts)?);
    Ok(Version { version, heads, at: Timestamp(record.time_ms), authors, size })
}

/// Who made the edits, each once, in order.
fn authors(parts: &[PartRecord]) -> Result<Vec<UserId>, Fault> {
    let mut authors: Vec<UserId> = Vec::new();
    for part in parts {
        let author = UserId::new(&part.author).map_err(|error| Fault::damaged(error.to_string()))?;
        if !authors.contains(&author) {
            authors.push(author);
        }
    }
    Ok(authors)
}

/// What all edits of a version are together, if that is known of each.
fn size(doc: &DocKey, key: &Key, parts: &[PartRecord]) -> Result<Option<Size>, Fault> {
    let mut all = Size { changes: 0, bytes: 0 };
    for part in parts {
        let Some(one) = stored::part_size(doc, key, part)? else { return Ok(None) };
        all = Size { changes: all.changes + one.changes, bytes: all.bytes + one.bytes };
    }
    Ok(Some(all))
}
