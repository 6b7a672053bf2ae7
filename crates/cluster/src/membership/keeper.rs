//! The task that keeps a node a member.

use super::{Members, MembershipError};
use crate::coordinator::{Backoff, Committed, Compare, Lease, Txn};
use crate::state::{Alive, ClusterConfig, Key, NodeRecord, NodeSpec, NodeState, decode, encode};
use base::{ClusterId, NodeId};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What a node knows of its own place in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is a member, or the coordinator is away and it was one when last heard.
    Joined,
    /// Its lease has ended, and it is about to join again with the same id.
    Lapsed,
    /// The coordinator does not keep its cluster: it has lost what it kept, or is another cluster's. The node goes on with what
    /// it knows, and tries on.
    Estranged,
    /// A process that was started later is this node. This one has to stop.
    Superseded,
    /// Somebody removed it from the cluster, which is there. It has to stop; its id is of no use any more.
    Removed,
}

pub(super) struct Keeper {
    pub members: Members,
    pub id: NodeId,
    pub cluster: Option<ClusterId>,
    /// What was decided for the cluster, as it was when the node joined.
    pub config: Option<ClusterConfig>,
    pub spec: NodeSpec,
    pub incarnation: u64,
    pub ttl: Duration,
    pub standing: watch::Sender<Standing>,
    pub stop: CancellationToken,
}

impl Keeper {
    /// Keeps the node a member until it is stopped, or is not the node any more.
    pub async fn keep(self, lease: Lease) {
        let mut held = Some(lease);
        while let Some(mut lease) = held.take() {
            let lapsed = self.stop.run_until_cancelled(async {
                tokio::select! {
                    () = lease.keep() => {}
                    () = self.is_not_there() => {}
                }
            });
            if lapsed.await.is_none() {
                lease.revoke().await;
                return;
            }
            tracing::warn!(node = %self.id, "the lease of this node has ended; joining again");
            self.standing.send_replace(Standing::Lapsed);
            held = self.stop.run_until_cancelled(self.rejoin()).await.flatten();
        }
    }

    /// Looks now and then whether the cluster still knows that this process runs, and ends when it does not.
    async fn is_not_there(&self) {
        let key = self.members.keys.path(Key::Alive(self.id));
        loop {
            tokio::time::sleep(self.ttl).await;
            let Ok(found) = self.members.coordinator.get(key.clone()).await else { continue };
            let alive = found.and_then(|entry| decode::<Alive>(&key, &entry.value).ok());
            if alive != Some(Alive { incarnation: self.incarnation }) {
                return;
            }
        }
    }

    /// Joins again, through outages; `None` if this process is not the node any more.
    async fn rejoin(&self) -> Option<Lease> {
        let mut backoff = Backoff::new();
        loop {
            match self.attempt().await {
                Ok(Ok(lease)) => {
                    tracing::info!(node = %self.id, "joined the cluster again");
                    self.standing.send_replace(Standing::Joined);
                    return Some(lease);
                }
                Ok(Err(standing)) => {
                    tracing::error!(node = %self.id, ?standing, "this process is not a member any more");
                    self.standing.send_replace(standing);
                    return None;
                }
                Err(error @ (MembershipError::ClusterGone | MembershipError::OtherCluster { .. })) => {
                    let before = self.standing.send_replace(Standing::Estranged);
                    if before != Standing::Estranged {
                        tracing::error!(node = %self.id, %error, "this node goes on without the coordinator");
                    }
                }
                Err(error @ MembershipError::Taken { .. }) => {
                    tracing::error!(node = %self.id, %error, "could not join again");
                }
                Err(error) => tracing::debug!(%error, node = %self.id, "could not join again"),
            }
            backoff.wait().await;
        }
    }

    /// Joins again with what is written of this node, which may be what was written some time ago: a coordinator that was put
    /// back to an earlier state has forgotten later starts, or the node itself.
    async fn attempt(&self) -> Result<Result<Lease, Standing>, MembershipError> {
        let members = &self.members;
        if let Some(ours) = self.config {
            members.remind(ours).await?;
        }
        loop {
            let found = members.find(self.id).await?;
            let same_cluster = members.keeps(self.cluster).await?;
            let not_removed = match members.was_not_removed(self.id).await {
                Err(MembershipError::Removed(_)) => return Ok(Err(Standing::Removed)),
                answer => answer?,
            };
            let (state, unchanged) = match &found {
                None => {
                    members.never_give(self.id).await?;
                    (NodeState::Up, Compare::Absent(members.keys.path(Key::Node(self.id))))
                }
                Some((record, _)) if record.incarnation > self.incarnation => {
                    return Ok(Err(Standing::Superseded));
                }
                Some((record, _)) if record.spec.name != self.spec.name => {
                    return Err(MembershipError::Taken { node: self.id, name: record.spec.name.clone() });
                }
                Some((record, entry)) => {
                    let unchanged = Compare::Unchanged { key: entry.key.clone(), revision: entry.revision };
                    (record.state, unchanged)
                }
            };
            let lease = Lease::grant(members.coordinator.clone(), self.ttl).await?;
            let alive = encode(&Alive { incarnation: self.incarnation });
            let mut txn = Txn::new().when(same_cluster).when(not_removed).when(unchanged);
            let record =
                NodeRecord { id: self.id, incarnation: self.incarnation, state, spec: self.spec.clone() };
            if found.is_none_or(|(written, _)| written != record) {
                txn = txn.put(members.keys.path(Key::Node(self.id)), encode(&record));
            }
            let txn = txn.put_under(lease.id(), members.keys.path(Key::Alive(self.id)), alive);
            match members.coordinator.commit(txn).await {
                Ok(Committed::Done(_)) => return Ok(Ok(lease)),
                Ok(Committed::Conflict) => lease.revoke().await,
                Err(error) => {
                    lease.revoke().await;
                    return Err(error.into());
                }
            }
        }
    }
}
