//! What all documents of a node share: caches, keys, workers, limits.

use super::keyring::Keyring;
use super::open::OpenDocuments;
use super::views::Views;
use super::workers::Workers;
use crate::machine::Generations;
use base::Limits;
use std::sync::Arc;
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
    /// Where computing is done.
    pub workers: Workers,
    /// What is too large.
    pub limits: Limits,
    /// The tasks that work on queues of edits; joined when the node stops.
    pub tasks: TaskTracker,
}

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
            workers: Workers::new(workers),
            limits,
            tasks: TaskTracker::new(),
        }
    }
}
