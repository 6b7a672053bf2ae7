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
    let begin = |shard| Cursor { shard, after: None };
    let mut cursor = match cursor {
        None => known.iter().min().copied().map(begin),
        Some(text) => {
            let cursor = Cursor::from_text(text).filter(|cursor| known.contains(&cursor.shard));
            Some(cursor.ok_or_else(|| Problem::new(Kind::BadCursor, "not a cursor of this list"))?)
        }
    };
    let mut documents = Vec::new();
    // Shards one after the other: a page reads no more than it gives.
    while let Some(Cursor { shard, after }) = cursor
        && documents.len() < limit
    {
        let list = List { shard, after, limit: limit - documents.len() };
        let Page { documents: found, next } = shards.list(caller.clone(), list).await?;
        documents.extend(found);
        cursor = match next {
            Some(last) => Some(Cursor { shard, after: Some(last) }),
            None => known.iter().filter(|later| **later > shard).min().copied().map(begin),
        };
    }
    Ok(Listed { documents, next: cursor.map(Cursor::to_text) })
}
