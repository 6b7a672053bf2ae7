//! Lists: the documents of all shards that a caller can reach. Without an order they come one shard after the other, by their
//! ids: stable, whatever changes meanwhile. In an order they are merged.

mod asked;
mod cursor;
mod merge;
mod sorted;
mod walk;

pub(crate) use asked::Asked;
pub(crate) use cursor::Cursor;

use crate::problem::{Kind, Problem};
use asked::fingerprint;
use base::ShardId;
use futures::stream::{self, StreamExt, TryStreamExt};
use rpc::{Caller, Order, Refusal, Select, Shards, Summary};

/// How many shards are asked at once: what they have found is held meanwhile.
const ASKED_AT_ONCE: usize = 4;

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Listed {
    pub documents: Vec<Summary>,
    /// The cursor of the next page; `None` at the end.
    pub next: Option<String>,
    /// How many documents the whole list has, if that was asked.
    pub count: Option<u64>,
}

/// The page that is asked for.
pub(crate) async fn page(shards: &dyn Shards, caller: Caller, asked: &Asked) -> Result<Listed, Problem> {
    let mut known = shards.shards();
    known.sort_unstable();
    if known.is_empty() {
        return Err(Problem::no_shards());
    }
    let mark = fingerprint(&asked.filter);
    let bad = || Problem::new(Kind::BadCursor, "not a cursor of this list: of this filter and this order");
    let given = asked.cursor.as_deref().map(|text| Cursor::from_text(text).ok_or_else(bad)).transpose()?;
    match (asked.order, given) {
        (None, None) => walk::page(shards, caller, asked, mark, &known, None).await,
        (None, Some(Cursor::Walk(of, step))) if of == mark && known.contains(&step.shard) => {
            walk::page(shards, caller, asked, mark, &known, Some(step)).await
        }
        (Some(order), None) => sorted::page(shards, caller, asked, (mark, order), &known, None).await,
        (Some(order), Some(Cursor::Sorted(of, by, place))) if of == mark && by == order => {
            sorted::page(shards, caller, asked, (mark, order), &known, Some(place)).await
        }
        _ => Err(bad()),
    }
}

/// How many documents the caller can reach that pass the filter, in all shards.
async fn count(
    shards: &dyn Shards,
    caller: &Caller,
    asked: &Asked,
    known: &[ShardId],
) -> Result<u64, Problem> {
    let counts = stream::iter(known.iter().copied()).map(|shard| {
        let filter = asked.filter.clone();
        let select = Select { shard, filter, order: Order::ID, after: None, limit: 0, count: true };
        shards.select(caller.clone(), select)
    });
    let counts = counts.buffer_unordered(ASKED_AT_ONCE);
    let sum = |sum: u64, selection: rpc::Selection| async move {
        Ok::<_, Refusal>(sum.saturating_add(selection.count.unwrap_or_default()))
    };
    Ok(counts.try_fold(0, sum).await?)
}
