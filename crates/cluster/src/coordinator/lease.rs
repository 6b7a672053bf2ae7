//! A lease that somebody keeps alive.

use super::{Backoff, CoordinatorError, SharedCoordinator};
use std::time::Duration;
use tokio::time::Instant;

/// A lease of the coordinator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeaseId(pub i64);

/// How many times a lease is kept alive within its time to live.
const BEATS: u32 = 3;

/// A lease of this process.
pub struct Lease {
    coordinator: SharedCoordinator,
    id: LeaseId,
    ttl: Duration,
    /// When it was last begun anew: before the request was sent, so the coordinator never counts from an earlier time.
    renewed: Instant,
}

impl Lease {
    /// Asks for a lease.
    pub async fn grant(coordinator: SharedCoordinator, ttl: Duration) -> Result<Lease, CoordinatorError> {
        let renewed = Instant::now();
        let id = coordinator.grant(ttl).await?;
        Ok(Lease { coordinator, id, ttl, renewed })
    }

    /// Which.
    pub fn id(&self) -> LeaseId {
        self.id
    }

    /// Keeps the lease alive until it is lost, through outages of the coordinator: only when the coordinator says so is it
    /// lost. Dropping the future is harmless.
    pub async fn keep(&mut self) {
        let mut backoff = Backoff::new();
        loop {
            tokio::time::sleep_until(self.renewed + self.ttl / BEATS).await;
            loop {
                let sent = Instant::now();
                match self.coordinator.keep_alive(self.id).await {
                    Ok(_) => {
                        self.renewed = sent;
                        backoff.reset();
                        break;
                    }
                    Err(CoordinatorError::LeaseLost) => return,
                    Err(error) => {
                        tracing::debug!(%error, lease = self.id.0, "the lease could not be kept alive");
                        backoff.wait().await;
                    }
                }
            }
        }
    }

    /// Ends the lease, and deletes its keys. If the coordinator is away, it ends by itself.
    pub async fn revoke(self) {
        if let Err(error) = self.coordinator.revoke(self.id).await {
            tracing::info!(%error, lease = self.id.0, "the lease could not be revoked; it ends by itself");
        }
    }
}
