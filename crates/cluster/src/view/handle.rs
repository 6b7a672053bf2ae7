//! The handle to the view, and the owner of its task.

use super::follow::Follower;
use super::{Contact, Snapshot};
use crate::coordinator::SharedCoordinator;
use crate::state::Keys;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The cluster as it is known here. Clones share one copy, which a task keeps current; it stays through outages of the
/// coordinator, however long, and says how old it is.
#[derive(Clone)]
pub struct ClusterView {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    contact: watch::Receiver<Contact>,
}

/// The task that keeps a view current. Dropping it leaves the task running; [`ViewTask::stop`] joins it.
pub struct ViewTask {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl ClusterView {
    /// Begins to follow what is stored below `keys`. The view is empty until the coordinator has answered.
    pub fn start(coordinator: SharedCoordinator, keys: Keys) -> (ClusterView, ViewTask) {
        let (snapshots, seen) = watch::channel(Arc::new(Snapshot::empty(Instant::now())));
        let (contact, last) = watch::channel(Contact::default());
        let stop = CancellationToken::new();
        let follower = Follower::new(coordinator, keys, snapshots, contact);
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            stopped.run_until_cancelled(follower.follow()).await;
        });
        (ClusterView { snapshots: seen, contact: last }, ViewTask { stop, task })
    }

    /// The cluster as it is known now. Cheap.
    pub fn now(&self) -> Arc<Snapshot> {
        self.snapshots.borrow().clone()
    }

    /// Waits for a snapshot that this handle has not seen by this call. `None` when the task was stopped.
    pub async fn changed(&mut self) -> Option<Arc<Snapshot>> {
        self.snapshots.changed().await.ok()?;
        Some(self.snapshots.borrow_and_update().clone())
    }

    /// Waits until something holds. `None` when the task was stopped before.
    pub async fn wait_for(&mut self, mut holds: impl FnMut(&Snapshot) -> bool) -> Option<Arc<Snapshot>> {
        self.snapshots.wait_for(|snapshot| holds(snapshot)).await.ok().map(|snapshot| snapshot.clone())
    }

    /// When the coordinator was heard of.
    pub fn contact(&self) -> Contact {
        *self.contact.borrow()
    }

    /// Waits until something holds of the contact with the coordinator. `None` when the task was stopped before.
    pub(crate) async fn wait_for_contact(&mut self, mut holds: impl FnMut(&Contact) -> bool) -> Option<()> {
        self.contact.wait_for(|contact| holds(contact)).await.ok().map(drop)
    }

    /// How old the snapshot may be: a few seconds while the coordinator is there. `None` before it was ever reached.
    pub fn age(&self) -> Option<Duration> {
        self.contact().age(Instant::now())
    }
}

impl ViewTask {
    /// Stops following. The view keeps its last snapshot.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task that follows the coordinator panicked");
        }
    }
}
