//! The groups of this node, as the transport hands them what other nodes say.

use super::StateMachine;
use super::groups::Groups;
use base::{NodeId, ShardId};
use bytes::Bytes;
use rpc::{Lane, PeerAnswer, PeerError, Pieces, RaftReplicas};
use std::future::ready;
use std::sync::Arc;
use wal::GroupId;

/// The groups of a node by their numbers, which are those of their shards.
pub struct Replicas<M: StateMachine> {
    pub(super) node: NodeId,
    pub(super) groups: Groups<M>,
}

impl<M: StateMachine> Replicas<M> {
    /// The incarnation that runs. One that is starting has not begun to keep its promises, and answers nobody.
    fn running(&self, shard: ShardId) -> Result<Arc<super::Group<M>>, PeerError> {
        let group = self.groups.get(GroupId(shard.0)).and_then(|group| group.running());
        group.ok_or(PeerError::NoSuchShard { node: self.node, shard })
    }
}

impl<M: StateMachine> RaftReplicas for Replicas<M> {
    fn handle(&self, from: NodeId, _: Lane, shard: ShardId, message: Bytes) -> PeerAnswer {
        match self.running(shard) {
            Ok(group) => group.serve(from, message),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    fn receive_snapshot(&self, from: NodeId, shard: ShardId, head: Bytes, pieces: Pieces) -> PeerAnswer {
        match self.running(shard) {
            Ok(group) => Box::pin(group.serve_snapshot(from, head, pieces)),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}
