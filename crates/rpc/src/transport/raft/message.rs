//! What travels between nodes: the messages of `proto/raft.proto`.

use crate::PeerError;
use base::{NodeId, ShardId};
use bytes::Bytes;
use prost::Message;

/// Messages of one lane, in order.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Calls {
    #[prost(message, repeated, tag = "1")]
    pub calls: Vec<Call>,
}

/// One message about a shard.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Call {
    /// Names the answer; once for each stream.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    #[prost(uint32, tag = "2")]
    pub shard: u32,
    #[prost(bytes = "bytes", tag = "3")]
    pub message: Bytes,
}

/// Answers of one lane, in any order.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Answers {
    #[prost(message, repeated, tag = "1")]
    pub answers: Vec<Answer>,
}

/// The answer to a message or a snapshot.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Answer {
    /// Of the call; 0 for a snapshot.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    #[prost(oneof = "Outcome", tags = "2, 3, 4")]
    pub outcome: Option<Outcome>,
}

/// How it went.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum Outcome {
    #[prost(bytes = "bytes", tag = "2")]
    Message(Bytes),
    /// The shard that the node does not hold.
    #[prost(uint32, tag = "3")]
    NoSuchShard(u32),
    #[prost(string, tag = "4")]
    Failed(String),
}

/// A part of a snapshot: the head first, then pieces.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SnapshotPart {
    #[prost(oneof = "Part", tags = "1, 2, 3, 4")]
    pub part: Option<Part>,
}

/// What a part is.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum Part {
    #[prost(message, tag = "1")]
    Head(Call),
    #[prost(bytes = "bytes", tag = "2")]
    Piece(Bytes),
    /// The sender's source failed, and why: without this the pieces are not all.
    #[prost(string, tag = "3")]
    Broken(String),
    /// All pieces have been sent.
    #[prost(bool, tag = "4")]
    End(bool),
}

impl Answer {
    /// For the wire. What another node could not be asked for is a failure of this one.
    pub(crate) fn new(id: u64, result: Result<Bytes, PeerError>) -> Answer {
        let outcome = match result {
            Ok(message) => Outcome::Message(message),
            Err(PeerError::NoSuchShard { shard, .. }) => Outcome::NoSuchShard(shard.0),
            Err(PeerError::Failed { reason, .. }) => Outcome::Failed(reason),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        Answer { id, outcome: Some(outcome) }
    }

    /// From the wire; `node` is the one that answered.
    pub(crate) fn into_result(self, node: NodeId) -> Result<Bytes, PeerError> {
        match self.outcome {
            Some(Outcome::Message(message)) => Ok(message),
            Some(Outcome::NoSuchShard(shard)) => Err(PeerError::NoSuchShard { node, shard: ShardId(shard) }),
            Some(Outcome::Failed(reason)) => Err(PeerError::Failed { node, reason }),
            None => Err(PeerError::Failed { node, reason: "its answer is of a newer release".to_owned() }),
        }
    }
}
