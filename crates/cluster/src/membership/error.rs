//! Why somebody cannot join, drain or go.

use crate::coordinator::{CoordinatorError, IdError};
use crate::state::StateError;
use base::{ClusterId, NodeId, ShardId};

/// Why a change of the members was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MembershipError {
    /// The coordinator did not answer, or refused.
    #[error(transparent)]
    Coordinator(#[from] CoordinatorError),
    /// Something stored cannot be read, or what was to be stored makes no sense.
    #[error(transparent)]
    State(#[from] StateError),
    /// The coordinator knows nothing of any cluster, and this node has been in one.
    #[error(
        "etcd knows nothing of the cluster to which this data folder belongs: restore etcd from a backup, or put right \
         where it is and which cluster is meant"
    )]
    ClusterGone,
    /// The coordinator keeps another cluster than that of the folder.
    #[error(
        "this data folder belongs to {}, and etcd keeps {}: restore etcd from a backup, or put right where it is and \
         which cluster is meant; to join the one that is there, give the node an empty data folder",
        named(ours),
        named(there)
    )]
    OtherCluster {
        /// The one that is kept.
        there: Option<ClusterId>,
        /// The one of the folder.
        ours: Option<ClusterId>,
    },
    /// Nobody has that id.
    #[error("there is no node {0}")]
    NoSuchNode(NodeId),
    /// The id belongs to another machine: the data folder was copied, or is that of another cluster.
    #[error("node {node} is {name}, which is running: this data folder is a copy, or of another cluster")]
    Taken {
        /// The id.
        node: NodeId,
        /// Who has it.
        name: String,
    },
    /// The node with that id was removed.
    #[error(
        "node {0} was removed from the cluster; to let the machine join again, give it an empty data folder"
    )]
    Removed(NodeId),
    /// A node that runs cannot be removed.
    #[error("node {0} is running: stop it first")]
    Running(NodeId),
    /// As long as it is not known where a shard is, nobody can be removed.
    #[error("nobody has said yet where shard {0} is: try again when it has a leader")]
    Unheard(ShardId),
    /// There is no such shard.
    #[error("there is no shard {0}, or nothing is placed yet")]
    NoSuchShard(ShardId),
    /// A replica cannot go from where there is none, or to where there is one.
    #[error("shard {shard} has no replica on node {from}, or has one on node {to} already")]
    Senseless {
        /// The shard.
        shard: ShardId,
        /// Where there ought to be one.
        from: NodeId,
        /// Where there ought to be none.
        to: NodeId,
    },
    /// One move of a shard at a time.
    #[error("shard {0} is not yet where it is to be: wait until its last move is done")]
    Moving(ShardId),
    /// A node that does not run takes no replica.
    #[error("node {0} does not run: start it first")]
    Down(NodeId),
    /// A draining node takes no replica.
    #[error("node {0} is draining: let it take replicas again first")]
    Draining(NodeId),
    /// A node that still has replicas cannot be removed.
    #[error("node {node} still has a replica of shard {shard}: drain it first")]
    Needed {
        /// Which node.
        node: NodeId,
        /// One of its shards.
        shard: ShardId,
    },
}

/// A cluster, for people.
fn named(cluster: &Option<ClusterId>) -> String {
    cluster.map_or_else(|| "a cluster that has no id yet".to_owned(), |cluster| format!("cluster {cluster}"))
}

impl From<IdError> for MembershipError {
    fn from(error: IdError) -> MembershipError {
        match error {
            IdError::Coordinator(error) => error.into(),
            IdError::Damaged(error) => error.into(),
        }
    }
}
