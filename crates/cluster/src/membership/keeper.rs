//! The task that keeps a node a member.

use super::{Members, MembershipError};
use crate::coordinator::{Backoff, Committed, Compare, Lease, Txn};
use crate::state::{Alive, Key, decode, encode};
use base::NodeId;
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
    /// A process that was started later is this node. This one has to stop.
    Superseded,
    /// Somebody removed it. It has to stop; its id is of no use any more.
    Removed,
}

pub(super) struct Keeper {
    pub members: Members,
    pub id: NodeId,
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
                Err(error) => tracing::debug!(%error, node = %self.id, "could not join again"),
            }
            backoff.wait().await;
        }
    }

    async fn attempt(&self) -> Result<Result<Lease, Standing>, MembershipError> {
        loop {
            let Some((record, entry)) = self.members.find(self.id).await? else {
                return Ok(Err(Standing::Removed));
            };
            if record.incarnation != self.incarnation {
                return Ok(Err(Standing::Superseded));
            }
            let lease = Lease::grant(self.members.coordinator.clone(), self.ttl).await?;
            let alive = encode(&Alive { incarnation: self.incarnation });
            let txn = Txn::new()
                .when(Compare::Unchanged { key: entry.key, revision: entry.revision })
                .put_under(lease.id(), self.members.keys.path(Key::Alive(self.id)), alive);
            if let Committed::Done(_) = self.members.coordinator.commit(txn).await? {
                return Ok(Ok(lease));
            }
            lease.revoke().await;
        }
    }
}
