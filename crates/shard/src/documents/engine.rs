//! What all documents of a node share: caches, keys, workers, limits.

use super::Fault;
use super::compaction::{self, Compaction};
use super::fault::chain;
use super::keyring::Keyring;
use super::open::{Loaded, OpenDocument, OpenDocuments};
use super::quarantine::Quarantine;
use super::runner::Runner;
use super::views::Views;
use super::workers::{WorkLost, Workers};
use crate::fair::{FairSemaphore, Shares};
use crate::live::{Channels, FETCH_ROOM_KIB, LiveDocuments};
use crate::machine::Generations;
use crate::reign::Reign;
use crate::shard::Shard;
use crate::store::DocKey;
use base::Limits;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
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
    /// Room for compactions: one at a time, because each holds a copy of a document.
    pub compactions: Arc<Semaphore>,
    /// Turns to make files of documents, each of which holds a copy of one.
    pub exports: Arc<FairSemaphore>,
    /// Room to save such a copy, which takes as much again.
    pub saves: Arc<Semaphore>,
    /// Turns to make documents of files: what a file takes is not known from its length.
    pub imports: Arc<FairSemaphore>,
    /// Turns to compare states of documents, each of which holds two of them.
    pub comparisons: Arc<FairSemaphore>,
    /// Room for edits that wait, in KiB of memory.
    pub waiting_room: Arc<Semaphore>,
    /// Documents that somebody follows.
    pub live: LiveDocuments,
    /// Those among them that thin clients follow.
    pub channels: Channels,
    /// Room for long messages of sync sessions that wait, in KiB.
    pub upload_room: Arc<Semaphore>,
    /// Room for older changes that are fetched for sync sessions, in KiB.
    pub fetch_room: Arc<Semaphore>,
}

/// Copies of documents that become files. One waits for its document, or to be saved; a request that waits for its turn
/// holds none.
const EXPORTS: Shares = Shares { at_once: 4, of_a_caller: 1, here: 64 };

/// Files that become documents. Each is in memory while its request waits.
const IMPORTS: Shares = Shares { at_once: 1, of_a_caller: 1, here: 4 };

/// Comparisons. A request that waits for its turn holds no state.
const COMPARISONS: Shares = Shares { at_once: 4, of_a_caller: 2, here: 64 };

/// Memory for edits that wait for their documents, on the whole node.
const WAITING_ROOM_KIB: usize = 256 << 10;

/// Memory for long messages of sync sessions that wait for their documents.
const UPLOAD_ROOM_KIB: usize = 256 << 10;

impl Engine {
    /// An engine with nothing open.
    pub fn new(options: EngineOptions, master: MasterKey, generations: Arc<Generations>) -> Engine {
        let EngineOptions { cache_bytes, workers, limits } = options;
        // Views are what most requests want and take little each; open documents are large and few. Graphs of documents
        // that somebody follows are not counted: they stay anyway.
        let (views_bytes, live_bytes) = (cache_bytes / 3, cache_bytes / 6);
        Engine {
            views: Views::new(views_bytes, generations),
            open: OpenDocuments::new(cache_bytes - views_bytes - live_bytes),
            keyring: Keyring::new(master),
            quarantine: Quarantine::default(),
            workers: Workers::new(workers),
            limits,
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            compactions: Arc::new(Semaphore::new(1)),
            exports: FairSemaphore::new(EXPORTS),
            saves: Arc::new(Semaphore::new(1)),
            imports: FairSemaphore::new(IMPORTS),
            comparisons: FairSemaphore::new(COMPARISONS),
            waiting_room: Arc::new(Semaphore::new(WAITING_ROOM_KIB)),
            live: LiveDocuments::new(live_bytes),
            channels: Channels::default(),
            upload_room: Arc::new(Semaphore::new(UPLOAD_ROOM_KIB)),
            fetch_room: Arc::new(Semaphore::new(FETCH_ROOM_KIB as usize)),
        }
    }

    /// Does a piece of work on an open document, which nobody else works on meanwhile. It may be loaded or not.
    pub async fn with_open<T: Send + 'static>(
        self: &Arc<Engine>,
        shard: &Arc<Shard>,
        doc: &DocKey,
        work: impl FnOnce(&mut Option<Loaded>) -> T + Send + 'static,
    ) -> Result<T, WorkLost> {
        let open = self.open.entry(shard.id, doc);
        let mut held = open.state.clone().lock_owned().await;
        let (engine, shard) = (self.clone(), shard.clone());
        // The lock goes with the work: whoever waits for the answer may leave, and the document stays in order.
        let worked = move || {
            // Taken out while it is worked on: should the work panic, nothing half done stays behind.
            let mut state = held.take();
            let done = work(&mut state);
            engine.settle(&shard, &open, &mut state);
            *held = state;
            done
        };
        self.workers.run(worked).await
    }

    /// After work on an open document: counts it anew, and has it compacted if it is time. The document must be in step
    /// with the store. Runs on a worker.
    pub fn settle(
        self: &Arc<Engine>,
        shard: &Arc<Shard>,
        open: &Arc<OpenDocument>,
        state: &mut Option<Loaded>,
    ) {
        self.open.reweigh(open, state.as_ref());
        let Some(loaded) = state.as_mut().filter(|loaded| compaction::due(loaded)) else { return };
        // If another one is under way, it stays due.
        let Ok(turn) = self.compactions.clone().try_acquire_owned() else { return };
        if let Some(compaction) = compaction::begin(&open.doc, loaded) {
            self.tasks.spawn(self.clone().compact(shard.clone(), compaction, turn));
        }
    }

    /// Compacts a document beside everything else.
    async fn compact(
        self: Arc<Engine>,
        shard: Arc<Shard>,
        compaction: Compaction,
        turn: OwnedSemaphorePermit,
    ) {
        let id = compaction.document();
        let done = self.workers.run(move || compaction.run(&shard.machine)).await;
        if let Err(fault) = done.map_err(Fault::from).flatten() {
            tracing::error!(document = %id, error = chain(&fault), "the document was not compacted");
        }
        drop(turn);
    }

    /// A reign is over: everything that was derived for it is dropped, and those who follow its documents go elsewhere.
    pub fn reign_ended(&self, reign: &Arc<Reign>) {
        let refusal = reign.refusal();
        self.live.end(reign, &refusal);
        self.channels.end(reign, &refusal);
        self.open.close(reign.shard());
        // Of all shards, because it is seldom and they are soon there again.
        self.keyring.forget();
        self.quarantine.forget();
    }

    /// The lease of a reign was away for a moment, and is back.
    pub fn reign_goes_on(&self, reign: &Arc<Reign>) {
        self.live.ring(reign);
        self.channels.ring(reign);
    }

    /// Works on a document's queue until it is empty.
    pub fn start_work(self: &Arc<Engine>, shard: &Arc<Shard>, open: Arc<OpenDocument>) {
        let runner = Arc::new(Runner { engine: self.clone(), shard: shard.clone(), open: open.clone() });
        self.tasks.spawn(async move {
            if AssertUnwindSafe(runner.clone().run()).catch_unwind().await.is_err() {
                tracing::error!(document = %open.doc.id, "the work on a document panicked; its edits are given up");
                open.queue.give_up();
                runner.give_up_live();
            }
        });
    }
}
