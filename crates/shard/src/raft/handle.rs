//! A group as the rest of the node holds it, across rebuilds.

use super::{CompactError, Compacted, Group, ProposeError, ReadError, StateMachine, Status};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use wal::GroupId;

/// What the supervisor is doing with a group.
pub enum Phase<M: StateMachine> {
    /// It is being built for the first time.
    Starting,
    /// It runs.
    Running(Arc<Group<M>>),
    /// It died, and is being rebuilt from disk.
    Rebuilding {
        /// What it died of.
        reason: String,
    },
    /// It died too often, or cannot be built. It stays down until the node is restarted.
    Broken {
        /// What it died of last.
        reason: String,
    },
    /// The node is shutting down.
    Stopped,
}

impl<M: StateMachine> Clone for Phase<M> {
    fn clone(&self) -> Self {
        match self {
            Phase::Starting => Phase::Starting,
            Phase::Running(group) => Phase::Running(group.clone()),
            Phase::Rebuilding { reason } => Phase::Rebuilding { reason: reason.clone() },
            Phase::Broken { reason } => Phase::Broken { reason: reason.clone() },
            Phase::Stopped => Phase::Stopped,
        }
    }
}

/// A cheap handle to a group, whichever incarnation runs at the moment.
pub struct GroupHandle<M: StateMachine> {
    id: GroupId,
    phase: watch::Receiver<Phase<M>>,
}

impl<M: StateMachine> Clone for GroupHandle<M> {
    fn clone(&self) -> Self {
        GroupHandle { id: self.id, phase: self.phase.clone() }
    }
}

impl<M: StateMachine> GroupHandle<M> {
    pub(super) fn new(id: GroupId, phase: watch::Receiver<Phase<M>>) -> GroupHandle<M> {
        GroupHandle { id, phase }
    }

    /// Which group.
    pub fn id(&self) -> GroupId {
        self.id
    }

    /// What the supervisor is doing with it.
    pub fn phase(&self) -> Phase<M> {
        self.phase.borrow().clone()
    }

    /// See [`Group::propose`].
    pub async fn propose(&self, entries: Vec<Bytes>) -> Result<Vec<M::Outcome>, ProposeError> {
        self.running().ok_or(ProposeError::Stopped)?.propose(entries).await
    }

    /// See [`Group::leads_with_lease`].
    pub fn leads_with_lease(&self) -> bool {
        match &*self.phase.borrow() {
            Phase::Running(group) => group.leads_with_lease(),
            _ => false,
        }
    }

    /// See [`Group::read_barrier`].
    pub async fn read_barrier(&self) -> Result<(), ReadError> {
        self.running().ok_or(ReadError::Stopped)?.read_barrier().await
    }

    /// Where it stands, if it runs.
    pub fn status(&self) -> Option<Status> {
        self.running().map(|group| group.status())
    }

    /// See [`Group::snapshot_and_purge`].
    pub async fn snapshot_and_purge(&self, keep: u64) -> Result<Compacted, CompactError> {
        self.running().ok_or(CompactError::Stopped)?.snapshot_and_purge(keep).await
    }

    /// Waits until this node leads the group and may answer reads; false if it is broken or stopped before.
    pub async fn until_leading(&self) -> bool {
        // Asked again and again, because a lease is true for a moment and begins with no event. Waits happen at start.
        const POLL: Duration = Duration::from_millis(5);
        while !self.leads_with_lease() {
            if matches!(*self.phase.borrow(), Phase::Broken { .. } | Phase::Stopped) {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
        true
    }

    /// Waits until the supervisor has reached a phase of some kind; false if it never will.
    pub async fn until_phase(&self, wanted: impl FnMut(&Phase<M>) -> bool) -> bool {
        self.phase.clone().wait_for(wanted).await.is_ok()
    }

    fn running(&self) -> Option<Arc<Group<M>>> {
        match &*self.phase.borrow() {
            Phase::Running(group) => Some(group.clone()),
            _ => None,
        }
    }
}
