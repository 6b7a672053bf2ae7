//! Electing one of many, with a token that fences the others.
//!
//! A candidate that creates the key of the election, under a lease of its own, is elected. The revision at which the key
//! came to be is its fencing token: a transaction that also compares [`Leadership::fence`] is refused as soon as somebody
//! else was elected, however late it comes and whatever the clocks say.

use super::{Backoff, Committed, Compare, CoordinatorError, Lease, SharedCoordinator, Txn};
use futures::StreamExt;
use std::time::Duration;

/// An election that this process stands in.
pub struct Election {
    coordinator: SharedCoordinator,
    key: String,
    value: Vec<u8>,
    ttl: Duration,
}

/// Having been elected.
pub struct Leadership {
    key: String,
    token: u64,
    lease: Lease,
}

impl Election {
    /// An election by `key`. `value` tells who was elected; `ttl` is how long others wait when the elected one is gone.
    pub fn new(coordinator: SharedCoordinator, key: String, value: Vec<u8>, ttl: Duration) -> Election {
        Election { coordinator, key, value, ttl }
    }

    /// Stands until elected, through outages of the coordinator. Dropping the future withdraws.
    pub async fn campaign(&self) -> Leadership {
        let mut backoff = Backoff::new();
        loop {
            match self.attempt().await {
                Ok(Some(leadership)) => return leadership,
                Ok(None) => backoff.reset(),
                Err(error) => tracing::debug!(%error, key = self.key, "the election could not be held"),
            }
            backoff.wait().await;
        }
    }

    /// Waits until nobody holds the office, and tries to take it.
    async fn attempt(&self) -> Result<Option<Leadership>, CoordinatorError> {
        let listing = self.coordinator.list(self.key.clone()).await?;
        if listing.entries.iter().any(|entry| entry.key == self.key) {
            self.vacancy(listing.revision).await;
            return Ok(None);
        }
        let lease = Lease::grant(self.coordinator.clone(), self.ttl).await?;
        let txn = Txn::new().when(Compare::Absent(self.key.clone())).put_under(
            lease.id(),
            self.key.clone(),
            self.value.clone(),
        );
        // If the answer is lost we may hold the office and not know; then it falls vacant when the lease ends.
        match self.coordinator.commit(txn).await? {
            Committed::Done(token) => Ok(Some(Leadership { key: self.key.clone(), token, lease })),
            Committed::Conflict => {
                lease.revoke().await;
                Ok(None)
            }
        }
    }

    /// Waits until the key is deleted, or its watch ends.
    async fn vacancy(&self, after: u64) {
        let mut watch = self.coordinator.watch(self.key.clone(), after);
        while let Some(Ok(changes)) = watch.next().await {
            if changes.changes.iter().any(|change| change.key == self.key && change.now.is_none()) {
                return;
            }
        }
    }
}

impl Leadership {
    /// The fencing token: higher than that of everyone who was elected before.
    pub fn token(&self) -> u64 {
        self.token
    }

    /// What every transaction of the elected one compares.
    pub fn fence(&self) -> Compare {
        Compare::Created { key: self.key.clone(), revision: self.token }
    }

    /// Keeps the office until it is lost. See [`Lease::keep`].
    pub async fn keep(&mut self) {
        self.lease.keep().await;
    }

    /// Leaves the office, so that another is elected at once.
    pub async fn resign(self) {
        self.lease.revoke().await;
    }
}
