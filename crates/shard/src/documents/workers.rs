//! Work that reads the store or opens documents: off the threads that serve requests, and bounded.

use std::sync::Arc;
use tokio::sync::Semaphore;

/// Room for work that computes or waits for the disk.
#[derive(Clone)]
pub struct Workers {
    room: Arc<Semaphore>,
}

/// The work panicked, or the node is shutting down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the work was given up: it panicked or the node is shutting down")]
pub struct WorkLost;

impl Workers {
    /// At most `count` pieces of work at once. Those beyond wait in the order in which they came.
    pub fn new(count: usize) -> Workers {
        Workers { room: Arc::new(Semaphore::new(count.max(1))) }
    }

    /// Does a piece of work on another thread.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkLost> {
        let permit = self.room.clone().acquire_owned().await.map_err(|_| WorkLost)?;
        let done = tokio::task::spawn_blocking(move || {
            let _held = permit;
            work()
        });
        done.await.map_err(|_| WorkLost)
    }
}
