//! A node within this process, whether it is a hub of its own or one of many.

use crate::cli::StorageArgs;
use crate::limits::LimitArgs;
use base::Limits;
use shard::{EngineOptions, NodeOptions, NodeService, Place};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the node's figures are taken for `/metrics`.
const OBSERVE_EVERY: Duration = Duration::from_secs(2);

/// What a node is started with.
pub fn options(place: Place, storage: &StorageArgs, limits: &LimitArgs) -> NodeOptions {
    const MIB: u64 = 1 << 20;
    let cache_bytes = storage.cache_size_mb * MIB;
    // A quarter for blocks of the store, the rest for documents.
    let blocks = cache_bytes / 4;
    NodeOptions {
        folder: storage.data_dir.clone(),
        place,
        wal: wal::Options {
            segment_bytes: storage.wal_segment_size_mb * MIB,
            reserve_bytes: storage.disk_reserve_mb * MIB,
            ..wal::Options::default()
        },
        store: shard::StoreOptions { cache_bytes: blocks, ..shard::StoreOptions::default() },
        engine: EngineOptions {
            cache_bytes: cache_bytes - blocks,
            workers: std::thread::available_parallelism().map_or(2, usize::from) * 2,
            limits: Limits::from(limits),
        },
        policy: shard::Policy::default(),
    }
}

/// Makes the data folder if it is not there, and its name durable: everything acknowledged lies below it.
pub fn make_folder(folder: &Path) -> std::io::Result<()> {
    // Not for others on this machine: names and access lists are in the clear.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let parent = folder.canonicalize()?.parent().map(Path::to_owned);
    parent.map_or(Ok(()), |parent| std::fs::File::open(parent)?.sync_all())
}

/// Waits until the store cannot be written any more. A store that is opened anew can be, so what ends here is for whoever
/// keeps the process running to start again.
pub async fn until_store_fails(service: &NodeService) -> anyhow::Error {
    let error = service.store_failed().await;
    tracing::error!(error, "the local store cannot be written any more; the process ends");
    anyhow::anyhow!(
        "the local store cannot be written any more: {error}. Mostly the disk is full: make room and start again. \
         What was acknowledged is in the log, and is applied then"
    )
}

/// Takes the node's figures now and then, until it is told to stop.
pub async fn observe(service: NodeService, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(OBSERVE_EVERY);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        service.observe();
    }
}

/// An error and what it comes from, in one line.
pub fn chained(error: &dyn std::error::Error) -> anyhow::Error {
    anyhow::Error::msg(shard::chain(error))
}
