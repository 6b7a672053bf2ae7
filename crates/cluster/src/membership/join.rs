//! Joining, and what a node holds while it belongs to a cluster.

use super::keeper::{Keeper, Standing};
use super::members::check;
use super::{Members, MembershipError};
use crate::coordinator::{Committed, Compare, Lease, Txn};
use crate::state::{Alive, Key, NodeRecord, NodeSpec, NodeState, encode};
use base::{ClusterId, NodeId};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Belonging to a cluster. A task keeps the lease; [`Membership::leave`] joins it.
pub struct Membership {
    id: NodeId,
    incarnation: u64,
    standing: watch::Receiver<Standing>,
    stop: CancellationToken,
    keeper: JoinHandle<()>,
}

impl Members {
    /// Joins as the node `id`, which [`Members::new_id`] gave, now or at an earlier start. Others take the node for down when
    /// nothing is heard of it for `ttl`.
    ///
    /// `cluster` is the one of its folder, as [`Members::configure`] or [`Members::belong`] gave it; where the coordinator keeps
    /// another one, or none, that is refused, and so is the id of a node that was removed. A node that was draining goes on
    /// draining. Of two processes with one id the one that joined last is the node; the other one's [`Standing`] says so.
    pub async fn join(
        &self,
        id: NodeId,
        cluster: Option<ClusterId>,
        spec: NodeSpec,
        ttl: Duration,
    ) -> Result<Membership, MembershipError> {
        check(&spec)?;
        self.keeps(cluster).await?;
        self.was_not_removed(id).await?;
        let config = self.holds().await?.filter(|config| config.cluster == cluster);
        self.never_give(id).await?;
        let lease = Lease::grant(self.coordinator.clone(), ttl).await?;
        let incarnation = match self.register(id, cluster, &spec, &lease).await {
            Ok(incarnation) => incarnation,
            Err(error) => {
                lease.revoke().await;
                return Err(error);
            }
        };
        tracing::info!(node = %id, incarnation, name = spec.name, "joined the cluster");
        let (standing, seen) = watch::channel(Standing::Joined);
        let stop = CancellationToken::new();
        let members = self.clone();
        let stopped = stop.clone();
        let keeper = Keeper { members, id, cluster, config, spec, incarnation, ttl, standing, stop: stopped };
        Ok(Membership { id, incarnation, standing: seen, stop, keeper: tokio::spawn(keeper.keep(lease)) })
    }

    /// Stores that a node runs, and gives the number of this start.
    async fn register(
        &self,
        id: NodeId,
        cluster: Option<ClusterId>,
        spec: &NodeSpec,
        lease: &Lease,
    ) -> Result<u64, MembershipError> {
        let (key, alive) = (self.keys.path(Key::Node(id)), self.keys.path(Key::Alive(id)));
        loop {
            let same_cluster = self.keeps(cluster).await?;
            let not_removed = self.was_not_removed(id).await?;
            let (incarnation, state, unchanged) = match self.find(id).await? {
                None => (1, NodeState::Up, Compare::Absent(key.clone())),
                Some((record, entry)) => {
                    let is_other = record.spec.name != spec.name;
                    if is_other && self.coordinator.get(alive.clone()).await?.is_some() {
                        return Err(MembershipError::Taken { node: id, name: record.spec.name });
                    }
                    let unchanged = Compare::Unchanged { key: key.clone(), revision: entry.revision };
                    (record.incarnation.saturating_add(1), record.state, unchanged)
                }
            };
            let record = NodeRecord { id, incarnation, state, spec: spec.clone() };
            let txn = Txn::new()
                .when(same_cluster)
                .when(not_removed)
                .when(unchanged)
                .put(key.clone(), encode(&record))
                .put_under(lease.id(), alive.clone(), encode(&Alive { incarnation }));
            if let Committed::Done(_) = self.coordinator.commit(txn).await? {
                return Ok(incarnation);
            }
        }
    }
}

impl Membership {
    /// Who this node is.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// How many times this node has been started, this time included.
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// What the others think of this node, as far as it knows.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Leaves: the others see at once that this node does not run. Its record stays, and it may join again.
    pub async fn leave(self) {
        self.stop.cancel();
        if let Err(error) = self.keeper.await {
            tracing::error!(%error, "the task that keeps the membership panicked");
        }
    }
}
