//! openraft's own suite for storage, on our log over a real shared log, with each of our machines.

use super::applier::Applier;
use super::audit::Auditor;
use super::log_store::LogStore;
use super::types::TypeConfig;
use super::{MemoryMachine, StateMachine};
use crate::machine::Machine;
use crate::store::{NodeStore, StoreOptions};
use base::ShardId;
use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::{Semaphore, oneshot};
use wal::{GroupId, Options, Wal};

/// Builds stores whose machine is made in a folder by a function.
struct Builder<M>(fn(&Path) -> M);

/// What must outlive a store: its folder, and the end that tells when the machine is let go.
struct Kept {
    _folder: TempDir,
    _released: oneshot::Receiver<()>,
}

type Config<M> = TypeConfig<<M as StateMachine>::Outcome>;

impl<M: StateMachine> StoreBuilder<Config<M>, LogStore, Applier<M>, Kept> for Builder<M> {
    async fn build(&self) -> Result<(Kept, LogStore, Applier<M>), StorageError<Config<M>>> {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { segment_bytes: 256 << 10, ..Options::default() };
        let (wal, _) = Wal::open(&folder.path().join("wal"), options).unwrap();
        let (machine, turn) = (Arc::new(self.0(folder.path())), Arc::new(Semaphore::new(1)));
        let (applier, released) = Applier::new(Arc::new(Auditor::new(machine, GroupId(1), turn)));
        Ok((Kept { _folder: folder, _released: released }, LogStore::new(wal, GroupId(1), None), applier))
    }
}

#[tokio::test]
async fn the_log_keeps_openrafts_contract_with_the_machine_in_memory() {
    Suite::test_all(Builder(|_| MemoryMachine::default())).await.unwrap();
}

#[tokio::test]
async fn the_log_keeps_openrafts_contract_with_the_machine_on_disk() {
    let machine = |folder: &Path| {
        let store = NodeStore::open(&folder.join("store"), StoreOptions::default()).unwrap();
        Machine::open(store.shard(ShardId(1)).unwrap(), Arc::default()).unwrap()
    };
    Suite::test_all(Builder(machine)).await.unwrap();
}
