//! How many requests wait for a shard that nobody leads. A shard that is not to be had must not take the room of all others.

use base::ShardId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Of each kind for one shard: a quarter of what a gateway works on at once.
const WAITING_MAX: usize = 1_024;

/// Who waits. A feed asks every shard, and thousands of them must not take the places of those who want one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Guest {
    Request,
    Feed,
}

/// Those who wait.
#[derive(Default)]
pub(super) struct Waiting(Mutex<HashMap<(ShardId, Guest), Arc<Semaphore>>>);

impl Waiting {
    /// A place among those of its kind who wait for a shard, unless there are too many.
    pub fn enter(&self, shard: ShardId, guest: Guest) -> Option<OwnedSemaphorePermit> {
        let new = || Arc::new(Semaphore::new(WAITING_MAX));
        let places = self.0.lock().entry((shard, guest)).or_insert_with(new).clone();
        places.try_acquire_owned().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_takes_no_room_of_another() {
        let waiting = Waiting::default();
        let enter = |shard| waiting.enter(ShardId(shard), Guest::Request);
        let mut places: Vec<_> = std::iter::from_fn(|| enter(1)).collect();
        assert_eq!(places.len(), WAITING_MAX);
        assert!(enter(2).is_some());
        places.pop();
        assert!(enter(1).is_some());
    }

    #[test]
    fn feeds_take_no_room_of_requests() {
        let waiting = Waiting::default();
        let feeds: Vec<_> = std::iter::from_fn(|| waiting.enter(ShardId(1), Guest::Feed)).collect();
        assert_eq!(feeds.len(), WAITING_MAX);
        assert!(waiting.enter(ShardId(1), Guest::Request).is_some());
    }
}
