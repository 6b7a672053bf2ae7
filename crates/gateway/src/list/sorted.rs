//! Sorted lists: every shard gives its first documents behind a place, and the first of all of them are the page.

use super::asked::{Asked, Fingerprint};
use super::cursor::Cursor;
use super::merge::Merge;
use super::{ASKED_AT_ONCE, Listed};
use crate::problem::Problem;
use base::ShardId;
use futures::stream::{self, StreamExt};
use rpc::{Caller, Order, Place, Select, Shards};

/// The page behind a place; without one the first.
pub(super) async fn page(
    shards: &dyn Shards,
    caller: Caller,
    asked: &Asked,
    (mark, order): (Fingerprint, Order),
    known: &[ShardId],
    after: Option<Place>,
) -> Result<Listed, Problem> {
    let selections = stream::iter(known.iter().copied()).map(|shard| {
        let (filter, after, limit, count) = (asked.filter.clone(), after.clone(), asked.limit, asked.count);
        shards.select(caller.clone(), Select { shard, filter, order, after, limit, count })
    });
    let mut selections = selections.buffer_unordered(ASKED_AT_ONCE);
    let (mut merge, mut count) = (Merge::new(order, asked.limit), 0u64);
    // Put together as they come: no more is held than a page and what is being answered.
    while let Some(selection) = selections.next().await {
        let selection = selection?;
        count = count.saturating_add(selection.count.unwrap_or_default());
        merge.add(selection.documents, selection.more);
    }
    let (documents, next) = merge.finish();
    let next = next.map(|place| Cursor::Sorted(mark, order, place).to_text());
    Ok(Listed { documents, next, count: asked.count.then_some(count) })
}
