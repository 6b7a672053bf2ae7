//! openraft's own suite for storage, on our log over a real shared log and on a machine in memory.

use super::MemoryMachine;
use super::applier::Applier;
use super::log_store::LogStore;
use super::types::TypeConfig;
use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::oneshot;
use wal::{GroupId, Options, Wal};

type Config = TypeConfig<super::Position>;

struct Builder;

/// What must outlive a store: its folder, and the end that tells when the machine is let go.
struct Kept {
    _folder: TempDir,
    _released: oneshot::Receiver<()>,
}

impl StoreBuilder<Config, LogStore, Applier<MemoryMachine>, Kept> for Builder {
    async fn build(&self) -> Result<(Kept, LogStore, Applier<MemoryMachine>), StorageError<Config>> {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { segment_bytes: 256 << 10, ..Options::default() };
        let (wal, _) = Wal::open(folder.path(), options).unwrap();
        let (applier, released) = Applier::new(Arc::new(MemoryMachine::default()));
        Ok((Kept { _folder: folder, _released: released }, LogStore::new(wal, GroupId(1)), applier))
    }
}

#[tokio::test]
async fn the_log_and_the_machine_keep_openrafts_contract() {
    Suite::test_all(Builder).await.unwrap();
}
