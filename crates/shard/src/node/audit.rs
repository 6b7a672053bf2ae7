//! Comparing the states of replicas: on demand, for drills and for operators.

use super::groups::group_of;
use super::{Node, NodeService};
use crate::raft::{AuditError, Finding, ProposeError, StateMachine};
use crate::shard::Shard;
use base::{Hash, ShardId};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Held while states are hashed on demand: each takes a core as long as it lasts.
static TURN: Semaphore = Semaphore::const_new(1);

/// What the state of a replica hashes to. Replicas of a shard at the same index have the same hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardDigest {
    /// Which shard.
    pub shard: ShardId,
    /// The last entry that is in it.
    pub index: u64,
    /// The hash.
    pub hash: Hash,
}

/// Why there are no digests.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// The node is shutting down.
    #[error("the node is shutting down")]
    Stopping,
    /// A store could not be read.
    #[error("the state of shard {shard} could not be read")]
    Store {
        /// Which shard.
        shard: ShardId,
        /// Why.
        source: io::Error,
    },
}

impl NodeService {
    /// What the states of this node's shards hash to now, in the order of their numbers, without those that nothing was
    /// applied to yet. Reads everything, on a thread of its own; callers wait for each other. Dropping the future ends it.
    pub async fn digests(&self) -> Result<Vec<ShardDigest>, DigestError> {
        let stop = self.inner.engine.stopping.child_token();
        let _ends_with_the_call = stop.clone().drop_guard();
        let turn = TURN.acquire().await.map_err(|_| DigestError::Stopping)?;
        let shards: Vec<_> = self.inner.held.all().values().cloned().collect();
        let hashing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            shards.iter().filter_map(|shard| digest(shard, &stop).transpose()).collect()
        });
        hashing.await.map_err(|_| DigestError::Stopping)?
    }
}

fn digest(shard: &Arc<Shard>, stop: &CancellationToken) -> Result<Option<ShardDigest>, DigestError> {
    let Shard { id, machine, .. } = &**shard;
    let failed = |source| DigestError::Store { shard: *id, source };
    if machine.applied().map_err(failed)?.is_none() {
        return Ok(None);
    }
    let digest = machine.digest(|| !stop.is_cancelled()).map_err(failed)?;
    let (position, hash) = digest.ok_or(DigestError::Stopping)?;
    Ok(Some(ShardDigest { shard: *id, index: position.index, hash }))
}

impl Node {
    /// Compares the replicas of a shard that this node leads, now, and takes out who differs from the majority. The same is
    /// done every [`crate::raft::AuditPolicy::every`]. Who has no hash after `limit` is not compared.
    pub async fn audit(&self, shard: ShardId, limit: Duration) -> Result<Finding, AuditError> {
        let group = self.supervisor.group(group_of(shard)).ok_or(ProposeError::Stopped)?;
        group.audit(limit).await
    }
}
