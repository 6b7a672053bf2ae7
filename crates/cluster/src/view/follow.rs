//! Following what is stored: list once, then watch; watch again when a watch breaks; list again when that is not enough.
//!
//! A coordinator that has lost the cluster, or keeps another one, is not believed: what is known stays, as in an outage.

use super::snapshot::Kept;
use super::{Contact, Snapshot};
use crate::coordinator::{Backoff, Listing, SharedCoordinator, WatchError};
use crate::state::{Key, Keys};
use futures::StreamExt;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

/// Why what is there is not taken in yet.
#[derive(Debug, thiserror::Error)]
#[error(
    "it was put back to what it kept before this cluster had a name, and waits for a node that knows the name"
)]
struct Unnamed;

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
                Ok(listing) => match self.kept(&listing) {
                    Kept::Ours => {
                        self.heard();
                        self.publish(|keys, snapshot, now| snapshot.relist(keys, listing, now));
                        self.watch().await;
                    }
                    Kept::Unnamed => self.lost(&Unnamed).await,
                    Kept::Another => self.estranged().await,
                },
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
                        let config = self.keys.path(Key::Config);
                        let config = told.changes.iter().find(|change| change.key == config);
                        let kept = config.map(|now| self.snapshots.borrow().kept(now.now.as_ref()));
                        if kept.is_some_and(|kept| kept != Kept::Ours) {
                            return;
                        }
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

    fn kept(&self, listing: &Listing) -> Kept {
        let config = self.keys.path(Key::Config);
        let config = listing.entries.iter().find(|entry| entry.key == config);
        self.snapshots.borrow().kept(config)
    }

    async fn estranged(&mut self) {
        if !self.contact.borrow().is_estranged() {
            tracing::error!(
                "the coordinator has lost this cluster, or keeps another one; what is known of the cluster stays in use: \
                 restore the coordinator from a backup, and restart nothing before"
            );
        }
        self.contact.send_modify(|contact| contact.estranged(Instant::now()));
        self.backoff.wait().await;
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
