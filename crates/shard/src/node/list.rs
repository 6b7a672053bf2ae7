//! Lists: the documents of all shards that a user can reach.

use super::Inner;
use super::cursor::Cursor;
use crate::documents::{Fault, HeadWords, head, words};
use crate::shard::Shard;
use crate::store::{DocKey, Space, key};
use base::{DocId, Level};
use rpc::{Caller, List, Page, Refusal, Summary};
use std::sync::Arc;

impl Inner {
    pub(super) async fn list(&self, caller: Caller, list: List) -> Result<Page, Refusal> {
        let mut cursor = match &list.after {
            None => Cursor::start(self.held.all().keys().copied()),
            Some(text) => Cursor::from_text(text).ok_or(Refusal::BadCursor)?,
        };
        let mut documents = Vec::new();
        // Shards one after the other: a page reads no more than it gives.
        while let Some((&id, &after)) = cursor.shards.first_key_value() {
            if documents.len() >= list.limit {
                break;
            }
            let shard = self.held.get(id).ok_or(Refusal::BadCursor)?;
            shard.ready_to_read().await?;
            let (caller, room) = (caller.clone(), list.limit - documents.len());
            let (found, last) = self.work(move || Ok(page_of(&shard, &caller, after, room)?)).await?;
            documents.extend(found);
            match last {
                Some(last) => drop(cursor.shards.insert(id, Some(last))),
                None => drop(cursor.shards.remove(&id)),
            }
        }
        Ok(Page { documents, next: cursor.to_text() })
    }
}

/// Documents of one shard after a position, at most `limit`, and where to go on if there may be more.
fn page_of(
    shard: &Arc<Shard>,
    caller: &Caller,
    after: Option<DocId>,
    limit: usize,
) -> Result<(Vec<Summary>, Option<DocId>), Fault> {
    let (store, tenant) = (&shard.machine.store().view(), caller.tenant.as_str());
    let prefix = key::list_prefix(tenant, caller.user.as_str());
    // A key right behind the one that was given last.
    let from = after.map_or(prefix.clone(), |id| [&prefix[..], id.as_bytes(), &[0]].concat());
    let to = [&prefix[..], &[0xff; 17]].concat();
    let mut found = Vec::new();
    for pair in store.range(Space::Lists, from, to) {
        let (key, value) = pair?;
        let id = key.get(prefix.len()..).and_then(|id| id.try_into().ok());
        let id = id.and_then(|id| DocId::from_bytes(id).ok());
        let level = value.first().and_then(|number| Level::from_number(*number));
        let (id, level) = id.zip(level).ok_or_else(|| Fault::damaged("a list record does not decode"))?;
        let doc = DocKey { tenant: caller.tenant.clone(), id };
        if let Some(head) = head(store, &doc)? {
            let HeadWords { shape, owner, heads, created_at, updated_at } = words(&head)?;
            let (name, version) = (head.name.as_str().into(), head.version);
            found.push(Summary { id, name, shape, owner, version, heads, level, created_at, updated_at });
        }
        if found.len() == limit {
            return Ok((found, Some(id)));
        }
    }
    Ok((found, None))
}
