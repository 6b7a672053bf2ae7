//! The seam between the replicas of a shard: messages of Raft, opaque here.
//!
//! The shards know what a message says, the transport how it gets there. Lanes keep apart what must not wait for each
//! other: an append of megabytes must not hold up the heartbeat that keeps a leader in office.

use base::{NodeId, ShardId};
use bytes::Bytes;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What a message travels with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Entries of the log.
    Appends,
    /// Appends of nothing, by which a leader shows that it is there. Those of many shards travel in one message.
    Heartbeats,
    /// Votes, and what else is asked seldom and must not wait.
    Control,
}

/// Why a message brought no answer. It may have arrived all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// The node is not there, or refuses us; asking again at once will not help.
    #[error("node {node} cannot be reached: {reason}")]
    Unreachable {
        /// Which.
        node: NodeId,
        /// What the transport said.
        reason: String,
    },
    /// The node does not hold this shard, or is not ready for it yet.
    #[error("node {node} does not hold shard {shard}")]
    NoSuchShard {
        /// Which node.
        node: NodeId,
        /// Which shard.
        shard: ShardId,
    },
    /// It took too long.
    #[error("node {node} did not answer in time")]
    Late {
        /// Which.
        node: NodeId,
    },
    /// The node answered that it could not.
    #[error("node {node} failed: {reason}")]
    Failed {
        /// Which.
        node: NodeId,
        /// What it said.
        reason: String,
    },
}

/// An answer of a peer on its way.
pub type PeerAnswer = Pin<Box<dyn Future<Output = Result<Bytes, PeerError>> + Send>>;

/// The pieces of a snapshot in their order, none longer than [`SNAPSHOT_PIECE_BYTES`]; an error of the source ends it.
pub type Pieces = Pin<Box<dyn futures_core::Stream<Item = std::io::Result<Bytes>> + Send>>;

/// The longest piece of a snapshot.
pub const SNAPSHOT_PIECE_BYTES: usize = 64 << 10;

/// Another node, as the replicas of this one speak to it.
///
/// The contract:
/// - messages of one lane about one shard arrive in the order in which [`RaftPeer::call`] was called, whether or not the
///   futures are polled, and are handled in that order; a broken connection may lose any of them, but reorders none;
/// - what waits for a peer is bounded: when too much does, a call is [`PeerError::Unreachable`] at once;
/// - dropping the future withdraws the interest in the answer, not the message.
pub trait RaftPeer: Send + Sync + 'static {
    /// Sends a message and gives the answer, or [`PeerError::Late`] after `limit`.
    fn call(&self, lane: Lane, shard: ShardId, message: Bytes, limit: Duration) -> PeerAnswer;

    /// Sends a snapshot: its head, then its pieces, at the pace of the receiver. `silence` bounds each wait, not the whole.
    fn send_snapshot(&self, shard: ShardId, head: Bytes, pieces: Pieces, silence: Duration) -> PeerAnswer;
}

/// Other nodes, by their ids. Connections are made when they are first needed, and again when they break.
pub trait RaftPeers: Send + Sync + 'static {
    /// A node. Never fails: a node that nobody knows cannot be reached.
    fn peer(&self, node: NodeId) -> Arc<dyn RaftPeer>;
}

/// The replicas of this node, as the transport hands them what came. `from` is proven by the sender's certificate.
pub trait RaftReplicas: Send + Sync + 'static {
    /// Answers a message. It is taken in by this call and the first poll of the answer, and the next one of the lane only
    /// after that: so the first poll decides the order. It must not block. The answer is dropped if nobody waits for it any
    /// more; what was taken in stays so.
    fn handle(&self, from: NodeId, lane: Lane, shard: ShardId, message: Bytes) -> PeerAnswer;

    /// Takes a snapshot in. The pieces are a stranger's until their hashes, which are in the head, have been compared.
    fn receive_snapshot(&self, from: NodeId, shard: ShardId, head: Bytes, pieces: Pieces) -> PeerAnswer;
}
