//! Following what is stored: list once, then watch; watch again when a watch breaks; list again when that is not enough.

use super::{Contact, Snapshot};
use crate::coordinator::{Backoff, SharedCoordinator, WatchError};
use crate::state::Keys;
use futures::StreamExt;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

pub(super) struct Follower {
    coordinator: SharedCoordinator,
    keys: Keys,
    snapshots: watch::Sender<Arc<Snapshot>>,
    contact: watch::Sender<Contact>,
    backoff: Backoff,
}

impl Follower {
    pub fn new(
        coordinator: SharedCoordinator,
        keys: Keys,
        snapshots: watch::Sender<Arc<Snapshot>>,
        contact: watch::Sender<Contact>,
    ) -> Follower {
        Follower { coordinator, keys, snapshots, contact, backoff: Backoff::new() }
    }

    /// Follows for ever.
    pub async fn follow(mut self) {
        loop {
            match self.coordinator.list(self.keys.root()).await {
                Ok(listing) => {
                    self.heard();
                    self.publish(|keys, snapshot, now| snapshot.relist(keys, listing, now));
                    self.watch().await;
                }
                Err(error) => self.lost(&error).await,
            }
        }
    }

    /// Takes in changes until there are some that only a listing can tell.
    async fn watch(&mut self) {
        loop {
            let after = self.snapshots.borrow().revision();
            let mut watch = self.coordinator.watch(self.keys.root(), after);
            while let Some(told) = watch.next().await {
                match told {
                    Ok(told) => {
                        self.heard();
                        if !told.changes.is_empty() {
                            self.publish(|keys, snapshot, now| {
                                snapshot.apply(keys, told.changes, told.revision, now);
                            });
                        }
                    }
                    Err(WatchError::Relist) => return,
                    Err(error @ WatchError::Broken { .. }) => self.lost(&error).await,
                }
            }
        }
    }

    fn publish(&self, change: impl FnOnce(&Keys, &mut Snapshot, Instant)) {
        self.snapshots.send_modify(|snapshot| change(&self.keys, Arc::make_mut(snapshot), Instant::now()));
    }

    fn heard(&mut self) {
        self.backoff.reset();
        if self.contact.borrow().is_away() {
            tracing::info!("the coordinator is back");
        }
        self.contact.send_modify(|contact| contact.heard(Instant::now()));
    }

    async fn lost(&mut self, error: &(dyn std::error::Error + Send + Sync)) {
        if !self.contact.borrow().is_away() {
            tracing::warn!(%error, "the coordinator is away; what is known of the cluster stays in use");
        }
        self.contact.send_modify(|contact| contact.lost(Instant::now()));
        self.backoff.wait().await;
    }
}
