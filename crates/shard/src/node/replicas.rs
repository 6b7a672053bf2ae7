//! Replicas that come and go while the node runs.

use super::Node;
use super::groups::{ReplicaError, group_of};
use super::place::Replica;
use crate::machine::Machine;
use crate::proposer::Proposer;
use crate::raft::{Founding, GroupConfig, Position, Promise, Role, StateMachine};
use crate::reign;
use crate::shard::Shard;
use base::{NodeId, ShardId};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use tokio::task::{JoinHandle, spawn_blocking};

/// The replicas of a node that run, or are on their way out.
pub(super) type Running = BTreeMap<ShardId, Replicated>;

/// What of a replica has an end.
pub(super) struct Replicated {
    machine: Arc<Machine>,
    /// It was begun to wait for a leader, and not to found its shard.
    joins: bool,
    /// The way into its log, and the keeper of its reigns. Taken when it is ended.
    tasks: Option<Tasks>,
}

struct Tasks {
    proposer: JoinHandle<()>,
    keeper: JoinHandle<()>,
}

impl Tasks {
    /// Ends what could still propose, which nobody would take, and what keeps reigns, of which there are no more: the group
    /// has ended.
    async fn end(self) {
        for task in [self.proposer, self.keeper] {
            task.abort();
            let _ended = task.await;
        }
    }
}

impl Node {
    /// Begins a replica of a shard on this node; requests find it at once, and it serves when its group runs. If one was here
    /// before, the new one keeps its promises.
    pub async fn add_replica(&self, shard: ShardId, replica: Replica) -> Result<(), ReplicaError> {
        let mut running = self.running.lock().await;
        if self.service.inner.held.get(shard).is_some() {
            return Err(ReplicaError::Present(shard));
        }
        // One whose removal was given up half way.
        if running.contains_key(&shard) || self.ground.left.get(shard).is_some_and(|left| !left.cleared) {
            self.clear_away(shard, &mut running).await?;
        }
        let ground = self.ground.clone();
        let opened = spawn_blocking(move || ground.machine(shard)).await;
        let machine = opened.map_err(|lost| ReplicaError::Log(io::Error::other(lost)))??;
        let config = self.ground.config(shard, &replica, machine).await.map_err(ReplicaError::Log)?;
        self.run(shard, replica.leader, config, &mut running)
    }

    /// Starts the group of a replica.
    pub(super) fn run(
        &self,
        shard: ShardId,
        leader: NodeId,
        config: GroupConfig<Machine>,
        running: &mut Running,
    ) -> Result<(), ReplicaError> {
        let (machine, joins) = (config.machine.clone(), config.founding == Founding::Join);
        let group = self.supervisor.add(config).ok_or(ReplicaError::Present(shard))?;
        if !self.alone {
            group.prefer_leader(Some(leader.0));
        }
        let (proposer, task) = Proposer::start(group.clone());
        let (id, node, wal) = (shard, self.ground.node, self.ground.wal.clone());
        let (present, keeper) = reign::keep(self.service.inner.engine.clone(), id, node, group.clone());
        let tasks = Some(Tasks { proposer: task, keeper });
        running.insert(shard, Replicated { machine: machine.clone(), joins, tasks });
        self.service.inner.held.insert(Arc::new(Shard { id, node, group, machine, proposer, present, wal }));
        Ok(())
    }

    /// Whether the replica that runs of a shard was begun to wait for a leader, and not to found the shard.
    pub async fn joins(&self, shard: ShardId) -> bool {
        self.running.lock().await.get(&shard).is_some_and(|replica| replica.joins)
    }

    /// Takes the replica of a shard away, with its log and all else that this node has of it; what it promised stays noted. To
    /// be asked for when the group has let it go, which its leader knows: a member that is taken away is one that its group
    /// has lost. Refused while this node leads the group. Does nothing if there is nothing of the shard here; to be asked
    /// again if it was given up half way.
    pub async fn remove_replica(&self, shard: ShardId) -> Result<(), ReplicaError> {
        let mut running = self.running.lock().await;
        let held = self.service.inner.held.get(shard);
        let status = held.and_then(|shard| shard.group.status());
        if status.is_some_and(|status| status.role == Role::Leader) {
            return Err(ReplicaError::Leads(shard));
        }
        if !running.contains_key(&shard) && !self.has_data(shard) {
            return Ok(());
        }
        self.clear_away(shard, &mut running).await
    }

    /// Ends what runs of a replica, and clears away its data.
    async fn clear_away(&self, shard: ShardId, running: &mut Running) -> Result<(), ReplicaError> {
        self.service.inner.held.remove(shard);
        self.supervisor.remove(group_of(shard)).await;
        if let Some(replica) = running.get_mut(&shard) {
            if let Some(tasks) = replica.tasks.take() {
                tasks.end().await;
            }
            let machine = replica.machine.clone();
            let left = spawn_blocking(move || machine.leave()).await;
            left.map_err(|lost| ReplicaError::Log(io::Error::other(lost)))?;
        }
        self.ground.clear(shard).await?;
        running.remove(&shard);
        tracing::info!(%shard, "the replica has left this node");
        Ok(())
    }

    fn has_data(&self, shard: ShardId) -> bool {
        let cleared = self.ground.left.get(shard).map(|left| left.cleared);
        let stored = cleared != Some(true) && self.ground.store.holds(shard);
        cleared == Some(false) || stored || self.ground.wal.groups().contains(&group_of(shard))
    }

    /// The shards of which there is a log or a store here, whether or not a replica runs, ascending.
    pub fn shards_on_disk(&self) -> BTreeSet<ShardId> {
        let logs = self.ground.wal.groups().into_iter().map(|group| ShardId(group.0));
        let known = logs.chain(self.ground.store.shards());
        known.filter(|shard| self.has_data(*shard)).collect()
    }

    /// The end of the log that this node has of a shard, which nothing that it ever heard from the group is behind; none if it
    /// has no log of it, and the replica that runs, if one does, has applied nothing. Read from the disk: a group that has just
    /// begun may not know yet what it has.
    ///
    /// Errors: the log or the store cannot be read, or is damaged.
    pub async fn heard_up_to(&self, shard: ShardId) -> io::Result<Option<Position>> {
        let applied = match self.service.inner.held.get(shard) {
            None => None,
            Some(shard) => {
                spawn_blocking(move || shard.machine.applied()).await.map_err(io::Error::other)??
            }
        };
        Ok(Promise::of(&self.ground.wal, group_of(shard)).await?.last().max(applied))
    }

    /// The shards that have a replica here, ascending.
    pub fn replicas_here(&self) -> Vec<ShardId> {
        self.service.inner.held.all().keys().copied().collect()
    }

    /// Names the node that should lead a shard when it can; whichever leads hands over to it within some seconds. Nothing
    /// happens where the shard has no replica here.
    pub fn prefer_leader(&self, shard: ShardId, leader: NodeId) {
        if let Some(shard) = self.service.inner.held.get(shard) {
            shard.group.prefer_leader(Some(leader.0));
        }
    }
}

/// Ends the tasks of what still runs, when the node stops.
pub(super) async fn end(running: Running) {
    for tasks in running.into_values().filter_map(|replica| replica.tasks) {
        tasks.end().await;
    }
}
