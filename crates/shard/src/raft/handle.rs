//! A group as the rest of the node holds it, across rebuilds.

use super::{
    AuditError, Change, ChangeError, Changes, CompactError, Compacted, Finding, FollowError, Fresh, Group,
    Keep, Members, MoveError, Placed, Position, Progress, ProposeError, ReadError, StateMachine, Status,
    TransferError, WaitError,
};
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::BTreeSet;
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
    /// It died too often, or cannot be built. It stays down until the node is restarted, or for
    /// [`super::RebuildPolicy::try_again`].
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
    preferred: Arc<Mutex<Option<u64>>>,
}

impl<M: StateMachine> Clone for GroupHandle<M> {
    fn clone(&self) -> Self {
        GroupHandle { id: self.id, phase: self.phase.clone(), preferred: self.preferred.clone() }
    }
}

impl<M: StateMachine> GroupHandle<M> {
    pub(super) fn new(id: GroupId, phase: watch::Receiver<Phase<M>>) -> GroupHandle<M> {
        GroupHandle { id, phase, preferred: Arc::default() }
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

    /// See [`Group::propose_placed`].
    pub async fn propose_placed(&self, entries: Vec<Bytes>) -> Result<Vec<Placed<M::Outcome>>, ProposeError> {
        self.running().ok_or(ProposeError::Stopped)?.propose_placed(entries).await
    }

    /// See [`Group::leads_with_lease`].
    pub fn leads_with_lease(&self) -> bool {
        match &*self.phase.borrow() {
            Phase::Running(group) => group.leads_with_lease(),
            _ => false,
        }
    }

    /// See [`Group::lease_in`].
    pub fn lease_in(&self) -> Option<u64> {
        match &*self.phase.borrow() {
            Phase::Running(group) => group.lease_in(),
            _ => None,
        }
    }

    /// The term in which this node leads, with a lease or without.
    pub fn leads_in(&self) -> Option<u64> {
        self.running()?.leads_in()
    }

    /// Whether it runs and no other node votes.
    pub fn is_alone(&self) -> bool {
        self.running().is_some_and(|group| group.is_alone())
    }

    /// What tells of changes of who leads, from now on.
    pub fn changes(&self) -> Changes<M> {
        Changes::new(self.phase.clone())
    }

    /// The term that this node is in, if the group runs. Cheap.
    pub fn term(&self) -> Option<u64> {
        match &*self.phase.borrow() {
            Phase::Running(group) => Some(group.term()),
            _ => None,
        }
    }

    /// See [`Group::follow`].
    pub async fn follow(&self, index: u64, limit: Duration) -> Result<Fresh, FollowError> {
        self.running().ok_or(FollowError::Stopped)?.follow(index, limit).await
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

    /// See [`Group::compact`].
    pub async fn compact(&self, keep: Keep) -> Result<Compacted, CompactError> {
        self.running().ok_or(CompactError::Stopped)?.compact(keep).await
    }

    /// See [`Group::members`].
    pub fn members(&self) -> Option<Members> {
        self.running().map(|group| group.members())
    }

    /// See [`Group::change_members`].
    pub async fn change_members(
        &self,
        change: Change,
        seen: Option<Position>,
    ) -> Result<Members, ChangeError> {
        self.running().ok_or(ChangeError::Stopped)?.change_members(change, seen).await
    }

    /// See [`Group::move_replica`].
    pub async fn move_replica(
        &self,
        from: u64,
        to: u64,
        progress: &watch::Sender<Progress>,
    ) -> Result<(), MoveError> {
        self.running().ok_or(ChangeError::Stopped)?.move_replica(from, to, progress).await
    }

    /// See [`Group::become_voters`].
    pub async fn become_voters(
        &self,
        wanted: &BTreeSet<u64>,
        progress: &watch::Sender<Progress>,
    ) -> Result<(), MoveError> {
        self.running().ok_or(ChangeError::Stopped)?.become_voters(wanted, progress).await
    }

    /// See [`Group::give_way`].
    pub async fn give_way(&self, to: Option<u64>, limit: Duration) -> Result<u64, TransferError> {
        self.running().ok_or(TransferError::Stopped)?.give_way(to, limit).await
    }

    /// See [`Group::audit`].
    pub async fn audit(&self, limit: Duration) -> Result<Finding, AuditError> {
        self.running().ok_or(ProposeError::Stopped)?.audit(limit).await
    }

    /// Names the node that should lead when it can. Whichever node leads hands over to it within some seconds.
    pub fn prefer_leader(&self, node: Option<u64>) {
        *self.preferred.lock() = node;
    }

    /// The node that should lead when it can.
    pub fn preferred_leader(&self) -> Option<u64> {
        *self.preferred.lock()
    }

    /// Waits until this replica has applied the entry at `index`, but not longer than `limit`; across rebuilds of the
    /// group.
    pub async fn until_applied(&self, index: u64, limit: Duration) -> Result<(), WaitError> {
        let deadline = tokio::time::Instant::now() + limit;
        let mut phase = self.phase.clone();
        loop {
            let now = phase.borrow_and_update().clone();
            match now {
                Phase::Broken { .. } | Phase::Stopped => return Err(WaitError::Stopped),
                Phase::Starting | Phase::Rebuilding { .. } => {}
                Phase::Running(group) => {
                    let rest = deadline - tokio::time::Instant::now();
                    match group.until_applied(index, rest).await {
                        // It ended, and another one may come.
                        Err(WaitError::Stopped) => {}
                        waited => return waited,
                    }
                }
            }
            match tokio::time::timeout_at(deadline, phase.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(WaitError::Stopped),
                Err(_) => return Err(WaitError::Late),
            }
        }
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

    pub(super) fn running(&self) -> Option<Arc<Group<M>>> {
        match &*self.phase.borrow() {
            Phase::Running(group) => Some(group.clone()),
            _ => None,
        }
    }
}
