//! Lists: the documents of a shard that a user can reach.

use super::Inner;
use crate::documents::{Fault, HeadWords, head, words};
use crate::shard::Shard;
use crate::store::{DocKey, Head, Space, key};
use base::{DocId, Level};
use rpc::{Caller, List, Page, Refusal, Summary};

impl Inner {
    pub(super) async fn list(&self, caller: Caller, list: List) -> Result<Page, Refusal> {
        let List { shard, after, limit } = list;
        let shard = self.shard(shard)?;
        shard.ready_to_read().await?;
        self.work(move || Ok(page_of(&shard, &caller, after, limit)?)).await
    }
}

/// Documents after a position, at most `limit`, and where to go on if there may be more.
fn page_of(shard: &Shard, caller: &Caller, after: Option<DocId>, limit: usize) -> Result<Page, Fault> {
    let (store, tenant) = (&shard.machine.store().view(), caller.tenant.as_str());
    let prefix = key::list_prefix(tenant, caller.user.as_str());
    // A key right behind the one that was given last.
    let from = after.map_or(prefix.clone(), |id| [&prefix[..], id.as_bytes(), &[0]].concat());
    let to = [&prefix[..], &[0xff; 17]].concat();
    let mut documents = Vec::new();
    for pair in store.range(Space::Lists, from, to) {
        let (key, value) = pair?;
        let (id, level) = listed(&prefix, &key, &value)?;
        let doc = DocKey { tenant: caller.tenant.clone(), id };
        if let Some(head) = head(store, &doc)? {
            documents.push(summary(id, head, level)?);
        }
        if documents.len() >= limit {
            return Ok(Page { documents, next: Some(id) });
        }
    }
    Ok(Page { documents, next: None })
}

/// What a list says of a document whose head this is.
pub(super) fn summary(id: DocId, head: Head, level: Level) -> Result<Summary, Fault> {
    let HeadWords { shape, owner, heads, created_at, updated_at } = words(&head)?;
    let (name, version, labels) = (head.name.into(), head.version, head.labels.unwrap_or_default());
    Ok(Summary { id, name, shape, owner, version, heads, level, created_at, updated_at, labels })
}

/// A document in the list of a user, and what the user may do with it.
pub(super) fn listed(prefix: &[u8], key: &[u8], value: &[u8]) -> Result<(DocId, Level), Fault> {
    let id = key.get(prefix.len()..).and_then(|id| id.try_into().ok());
    let id = id.and_then(|id| DocId::from_bytes(id).ok());
    let level = value.first().and_then(|number| Level::from_number(*number));
    id.zip(level).ok_or_else(|| Fault::damaged("a list record does not decode"))
}
