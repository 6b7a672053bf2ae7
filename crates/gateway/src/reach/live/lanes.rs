//! How many sessions begin at once: ten thousand sockets that lost their leader must not run over the next one.

use base::ShardId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// Seats of a shard that look for a session at once. The others wait for what these find out.
pub(in crate::reach) const SHARD_SEARCHES: usize = 64;
/// Sessions of all shards that are being begun at once.
const BEGINNING: usize = 256;

/// The turns.
pub(in crate::reach) struct Lanes {
    shards: Mutex<HashMap<ShardId, Arc<Semaphore>>>,
    beginning: Semaphore,
}

impl Default for Lanes {
    fn default() -> Lanes {
        Lanes { shards: Mutex::default(), beginning: Semaphore::new(BEGINNING) }
    }
}

impl Lanes {
    /// Waits for a turn to look for a session of a shard. In order of arrival.
    pub async fn search(&self, shard: ShardId) -> OwnedSemaphorePermit {
        let new = || Arc::new(Semaphore::new(SHARD_SEARCHES));
        let lane = self.shards.lock().entry(shard).or_insert_with(new).clone();
        lane.acquire_owned().await.expect("a lane is never closed")
    }

    /// Waits for a turn to begin a session somewhere.
    pub async fn begin(&self) -> SemaphorePermit<'_> {
        self.beginning.acquire().await.expect("the lanes are never closed")
    }
}
