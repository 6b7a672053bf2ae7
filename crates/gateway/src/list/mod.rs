//! Lists: the documents of all shards that a caller can reach, one shard after the other.

mod cursor;

pub(crate) use cursor::Cursor;

use crate::problem::{Kind, Problem};
use rpc::{Caller, List, Page, Shards, Summary};

/// A page of a list. Documents stand in the order of shards, then of ids: stable, whatever changes meanwhile.
#[derive(Debug)]
pub(crate) struct Listed {
    pub documents: Vec<Summary>,
    /// The cursor of the next page; `None` at the end.
    pub next: Option<String>,
}

/// The page at a cursor, of at most `limit` documents. Without a cursor it is the first one.
pub(crate) async fn page(
    shards: &dyn Shards,
    caller: Caller,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Listed, Problem> {
    let known = shards.shards();
    if known.is_empty() {
        return Err(Problem::no_shards());
    }
    let mut cursor = match cursor {
        None => Cursor::start(known),
        Some(text) => Cursor::from_text(text)
            .filter(|cursor| cursor.shards.keys().all(|shard| known.contains(shard)))
            .ok_or_else(|| Problem::new(Kind::BadCursor, "not a cursor of this list"))?,
    };
    let mut documents = Vec::new();
    // Shards one after the other: a page reads no more than it gives.
    while let Some((&shard, &after)) = cursor.shards.first_key_value() {
        if documents.len() >= limit {
            break;
        }
        let list = List { shard, after, limit: limit - documents.len() };
        let Page { documents: found, next } = shards.list(caller.clone(), list).await?;
        documents.extend(found);
        match next {
            Some(last) => drop(cursor.shards.insert(shard, Some(last))),
            None => drop(cursor.shards.remove(&shard)),
        }
    }
    Ok(Listed { documents, next: cursor.to_text() })
}
