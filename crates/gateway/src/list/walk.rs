//! Lists without an order: one shard after the other, so that a page reads no more than it gives.

use super::asked::{Asked, Fingerprint};
use super::cursor::{Cursor, Step};
use super::{Listed, count};
use crate::problem::Problem;
use base::{DocId, ShardId};
use rpc::{Caller, List, Order, Page, Place, Refusal, Select, Selection, Shards, SortKey, Summary};

/// The page behind a step; without one the first. `known` are all shards, sorted.
pub(super) async fn page(
    shards: &dyn Shards,
    caller: Caller,
    asked: &Asked,
    mark: Fingerprint,
    known: &[ShardId],
    step: Option<Step>,
) -> Result<Listed, Problem> {
    let begin = |shard: &ShardId| Step { shard: *shard, after: None };
    let count = if asked.count { Some(count(shards, &caller, asked, known).await?) } else { None };
    let mut step = step.or_else(|| known.first().map(begin));
    let mut documents = Vec::new();
    while let Some(now) = step
        && documents.len() < asked.limit
    {
        let (found, next) = some(shards, &caller, asked, now, asked.limit - documents.len()).await?;
        documents.extend(found);
        step = match next {
            Some(last) => Some(Step { after: Some(last), ..now }),
            None => known.iter().find(|later| **later > now.shard).map(begin),
        };
    }
    let next = step.map(|step| Cursor::Walk(mark, step).to_text());
    Ok(Listed { documents, next, count })
}

/// Some documents of a shard, and where to go on if there may be more.
async fn some(
    shards: &dyn Shards,
    caller: &Caller,
    asked: &Asked,
    Step { shard, after }: Step,
    limit: usize,
) -> Result<(Vec<Summary>, Option<DocId>), Refusal> {
    if asked.filter.is_empty() {
        let Page { documents, next } = shards.list(caller.clone(), List { shard, after, limit }).await?;
        return Ok((documents, next));
    }
    let (filter, after) = (asked.filter.clone(), after.map(|id| Place { key: SortKey::Id, id }));
    let select = Select { shard, filter, order: Order::ID, after, limit, count: false };
    let Selection { documents, more, .. } = shards.select(caller.clone(), select).await?;
    let next = documents.last().map(|last| last.id).filter(|_| more);
    Ok((documents, next))
}
