//! Ids that are never given twice.

use super::{Backoff, Committed, Compare, Coordinator, CoordinatorError, Txn};
use crate::state::{NextId, StateError, decode, encode};

/// Why there is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The coordinator did not answer, or refused.
    #[error(transparent)]
    Coordinator(#[from] CoordinatorError),
    /// The counter cannot be read. Guessing could give an id twice.
    #[error(transparent)]
    Damaged(#[from] StateError),
}

/// The next id of the counter below `key`: 1, then 2, and so on. An id is skipped when an answer is lost, but none is ever
/// given twice, as long as nobody deletes the counter.
pub async fn next_id(coordinator: &dyn Coordinator, key: String) -> Result<u64, IdError> {
    advance(coordinator, key, |next| Some(next + 1)).await
}

/// Makes sure that `id` is never given, because it was: by a coordinator whose state has been lost since.
pub(crate) async fn never_give(coordinator: &dyn Coordinator, key: String, id: u64) -> Result<(), IdError> {
    let past = id.saturating_add(1).min(u64::MAX - 1);
    advance(coordinator, key, |next| (next < past).then_some(past)).await.map(|_| ())
}

/// Sets the counter to what `step` makes of it, unless that is nothing, and gives what it was.
async fn advance(
    coordinator: &dyn Coordinator,
    key: String,
    step: impl Fn(u64) -> Option<u64>,
) -> Result<u64, IdError> {
    let mut backoff = Backoff::new();
    loop {
        let entry = coordinator.get(key.clone()).await?;
        let (next, unchanged) = match &entry {
            None => (1, Compare::Absent(key.clone())),
            Some(entry) => {
                let NextId { next } = decode(&key, &entry.value)?;
                (next, Compare::Unchanged { key: key.clone(), revision: entry.revision })
            }
        };
        let Some(then) = step(next) else { return Ok(next) };
        let txn = Txn::new().when(unchanged).put(key.clone(), encode(&NextId { next: then }));
        match coordinator.commit(txn).await? {
            Committed::Done(_) => return Ok(next),
            Committed::Conflict => backoff.wait().await,
        }
    }
}
