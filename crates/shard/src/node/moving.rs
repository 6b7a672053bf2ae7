//! The members of the shards that this node leads.

use super::Node;
use crate::machine::Machine;
use crate::raft::{ChangeError, GroupHandle, Members, MoveError, Progress};
use base::{NodeId, ShardId};
use std::collections::BTreeSet;
use tokio::sync::watch;

impl Node {
    /// Moves the replica of a shard from one node to another, of which the second has begun one ([`Node::add_replica`]); asked
    /// of the node that leads the shard. `progress` says how far it is. It may take as long as the shard is large, and to drop
    /// it ends it; the same move takes up from there, also on the node that leads then.
    pub async fn move_replica(
        &self,
        shard: ShardId,
        from: NodeId,
        to: NodeId,
        progress: &watch::Sender<Progress>,
    ) -> Result<(), MoveError> {
        self.group(shard)?.move_replica(from.0, to.0, progress).await
    }

    /// Makes these nodes the voters of a shard, and nobody else a member of its group; asked of the node that leads it. One
    /// comes or goes at a time, and nobody goes before somebody came. The rest is as with [`Node::move_replica`].
    pub async fn become_voters(
        &self,
        shard: ShardId,
        wanted: &BTreeSet<NodeId>,
        progress: &watch::Sender<Progress>,
    ) -> Result<(), MoveError> {
        let wanted = wanted.iter().map(|node| node.0).collect();
        self.group(shard)?.become_voters(&wanted, progress).await
    }

    /// The members of a shard's group, as this node last heard; none if the group does not run here.
    pub fn members(&self, shard: ShardId) -> Option<Members> {
        self.service.inner.held.get(shard)?.group.members()
    }

    fn group(&self, shard: ShardId) -> Result<GroupHandle<Machine>, ChangeError> {
        let held = self.service.inner.held.get(shard);
        held.map(|shard| shard.group.clone()).ok_or(ChangeError::Stopped)
    }
}
