//! What all documents of a node share: caches, keys, workers, limits.

use super::Fault;
use super::compaction::Compaction;
use super::fault::chain;
use super::keyring::Keyring;
use super::open::{Loaded, OpenDocuments};
use super::quarantine::Quarantine;
use super::views::Views;
use super::workers::{WorkLost, Workers};
use crate::machine::Generations;
use crate::shard::Shard;
use crate::store::DocKey;
use base::Limits;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vault::MasterKey;

/// What the engine may take.
#[derive(Debug, Clone, Copy)]
pub struct EngineOptions {
    /// Memory for views and open documents together, in bytes.
    pub cache_bytes: u64,
    /// Pieces of work on documents at once.
    pub workers: usize,
    /// What is too large.
    pub limits: Limits,
}

/// The documents of a node.
pub struct Engine {
    /// Views of the newest versions.
    pub views: Views,
    /// Documents that are being edited or were lately.
    pub open: OpenDocuments,
    /// Keys.
    pub keyring: Keyring,
    /// Documents that cannot be opened.
    pub quarantine: Quarantine,
    /// Where computing is done.
    pub workers: Workers,
    /// What is too large.
    pub limits: Limits,
    /// The tasks that work on queues of edits; joined when the node stops.
    pub tasks: TaskTracker,
    /// Cancelled when the node stops: edits that are not made yet are refused then.
    pub stopping: CancellationToken,
    /// Room for edits that wait, in KiB of memory.
    pub waiting_room: Arc<Semaphore>,
}

/// Memory for edits that wait for their documents, on the whole node.
const WAITING_ROOM_KIB: usize = 256 << 10;

impl Engine {
    /// An engine with nothing open.
    pub fn new(options: EngineOptions, master: MasterKey, generations: Arc<Generations>) -> Engine {
        let EngineOptions { cache_bytes, workers, limits } = options;
        // Views are what most requests want and take little each; open documents are large and few.
        let views_bytes = cache_bytes / 3;
        Engine {
            views: Views::new(views_bytes, generations),
            open: OpenDocuments::new(cache_bytes - views_bytes),
            keyring: Keyring::new(master),
            quarantine: Quarantine::default(),
            workers: Workers::new(workers),
            limits,
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            waiting_room: Arc::new(Semaphore::new(WAITING_ROOM_KIB)),
        }
    }

    /// Does a piece of work on an open document, which nobody else works on meanwhile. It may be loaded or not.
    pub async fn with_open<T: Send + 'static>(
        &self,
        doc: &DocKey,
        work: impl FnOnce(&mut Option<Loaded>) -> T + Send + 'static,
    ) -> Result<T, WorkLost> {
        let open = self.open.entry(doc);
        let mut held = open.state.clone().lock_owned().await;
        // The lock goes with the work: whoever waits for the answer may leave, and the document stays in order.
        let worked = move || {
            // Taken out while it is worked on: should the work panic, nothing half done stays behind.
            let mut state = held.take();
            let done = work(&mut state);
            *held = state;
            (held, done)
        };
        let (held, done) = self.workers.run(worked).await?;
        self.open.reweigh(&open, held.as_ref());
        Ok(done)
    }

    /// Compacts a document beside everything else.
    pub fn compact(self: &Arc<Engine>, shard: &Arc<Shard>, compaction: Compaction) {
        let (engine, shard) = (self.clone(), shard.clone());
        self.tasks.spawn(async move {
            let id = compaction.document();
            let done = engine.workers.run(move || compaction.run(&shard.machine)).await;
            if let Err(fault) = done.map_err(Fault::from).flatten() {
                tracing::error!(document = %id, error = chain(&fault), "the document was not compacted");
            }
        });
    }
}
