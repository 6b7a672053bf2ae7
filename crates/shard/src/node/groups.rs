//! What the replicas of a node are made of.

use super::folder::FolderError;
use super::left::{Left, LeftPage};
use super::place::Replica;
use crate::machine::{Generations, Machine};
use crate::raft::{GroupConfig, Network, Promise, forget};
use crate::store::{NodeStore, StoreError};
use base::{NodeId, ShardId};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use tokio::task::spawn_blocking;
use wal::{GroupId, Wal};

/// What all replicas of a node share.
pub(super) struct Ground {
    pub(super) node: NodeId,
    pub(super) wal: Wal,
    pub(super) store: NodeStore,
    pub(super) generations: Arc<Generations>,
    pub(super) network: Network,
    /// What recovery found wrong with the logs of groups.
    pub(super) damage: BTreeMap<GroupId, String>,
    pub(super) left: Arc<LeftPage>,
}

/// Why a replica could not be made, or not be cleared away.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// There is one.
    #[error("this node has a replica of {0} already")]
    Present(ShardId),
    /// Whoever leads belongs to the group.
    #[error(
        "this node leads {0}; let it give way, and let the new leader remove it, before its replica goes"
    )]
    Leads(ShardId),
    /// The page of those that left.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The local store.
    #[error("the local store of the replica cannot be opened or cleared")]
    Store(#[from] StoreError),
    /// The log.
    #[error("the log of the replica cannot be read or dropped")]
    Log(#[source] io::Error),
}

/// The group of a shard has its number.
pub(super) fn group_of(shard: ShardId) -> GroupId {
    GroupId(shard.0)
}

impl Ground {
    /// Opens the store of a replica. Reads and writes the disk.
    pub(super) fn machine(&self, shard: ShardId) -> Result<Arc<Machine>, StoreError> {
        Ok(Arc::new(Machine::open(self.store.shard(shard)?, self.generations.clone())?))
    }

    /// What the group of a replica is made of. If one was here before, the new one keeps its promises; if nobody knows them
    /// any more, it does not start.
    pub(super) async fn config(
        &self,
        shard: ShardId,
        replica: &Replica,
        machine: Arc<Machine>,
    ) -> io::Result<GroupConfig<Machine>> {
        let (group, left) = (group_of(shard), self.left.get(shard));
        let promise = left.and_then(|left| left.promise);
        let lost = left.is_some_and(|left| left.promise.is_none());
        let lost = lost.then(|| "it was damaged when its replica left this node".to_owned());
        let damage = self.damage.get(&group).cloned().or(lost);
        if let Some(promise) = promise.filter(|_| damage.is_none()) {
            promise.renew(&self.wal, group).await?;
        }
        Ok(GroupConfig {
            group,
            node: self.node.0,
            wal: self.wal.clone(),
            damage,
            machine,
            founding: replica.founding.clone(),
            promised: promise.and_then(|promise| promise.last()),
            network: self.network.clone(),
        })
    }

    /// Notes what a replica has promised, and clears away its data. Nothing of it runs any more.
    pub(super) async fn clear(&self, shard: ShardId) -> Result<(), ReplicaError> {
        self.note(shard).await?;
        self.finish_clearing(shard).await
    }

    async fn note(&self, shard: ShardId) -> Result<(), ReplicaError> {
        let (group, before) = (group_of(shard), self.left.get(shard));
        // Was it noted before its data was gone, then what is in the log by now is not all of it.
        if before.is_some_and(|left| !left.cleared) {
            return Ok(());
        }
        let lost = self.damage.contains_key(&group) || before.is_some_and(|left| left.promise.is_none());
        let promise = if lost {
            None
        } else {
            let now = Promise::of(&self.wal, group).await.map_err(ReplicaError::Log)?;
            Some(now.and(before.and_then(|left| left.promise).unwrap_or_default()))
        };
        Ok(self.left.note(shard, Left { cleared: false, promise })?)
    }

    /// Clears away the data of a replica that is noted.
    pub(super) async fn finish_clearing(&self, shard: ShardId) -> Result<(), ReplicaError> {
        let store = self.store.clone();
        let cleared = spawn_blocking(move || store.clear(shard)).await;
        cleared.map_err(|lost| ReplicaError::Log(io::Error::other(lost)))??;
        forget(&self.wal, group_of(shard)).await.map_err(ReplicaError::Log)?;
        let promise = self.left.get(shard).and_then(|left| left.promise);
        Ok(self.left.note(shard, Left { cleared: true, promise })?)
    }
}
