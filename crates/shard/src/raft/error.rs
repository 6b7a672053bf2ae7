//! What can go wrong with a group, one small type per operation.

use super::Position;
use std::io;

/// Why a group could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store holds entries that the log has never heard of.
    #[error(
        "the store holds entries up to {applied}, but the log {}: the log's folder was lost or exchanged; put it back, \
         or restore both from a backup", ends(.last)
    )]
    LogBehindStore {
        /// What was applied last.
        applied: Position,
        /// The end of the log.
        last: Option<Position>,
    },
    /// The log begins after what the store holds.
    #[error(
        "the log begins after {purged}, but the store {}: the store's folder was lost or exchanged; put it back, or \
         restore both from a backup", ends(.applied)
    )]
    StoreBehindLog {
        /// What was applied last.
        applied: Option<Position>,
        /// The last entry that is gone from the log.
        purged: Position,
    },
    /// Only the store is left of this replica.
    #[error(
        "the store holds entries up to {applied}, but the log knows nothing of the leader that made them: the log's \
         folder was lost or exchanged. What this node promised is lost with it; let it join again under a new id"
    )]
    LogLost {
        /// What was applied last.
        applied: Position,
    },
    /// Recovery found the log of this group damaged.
    #[error(
        "the log of this group is damaged: {what}; what this node promised may be lost with it. Let it join again \
         under a new id"
    )]
    DamagedLog {
        /// What was found.
        what: String,
    },
    /// An audit has found the state of this replica to be wrong.
    #[error(
        "shard {group}: {charge}. It takes no part any more; let it come anew as docs/runbooks/replica-diverged.md says"
    )]
    Quarantined {
        /// Of which group.
        group: u32,
        /// What was found.
        charge: String,
    },
    /// A node was told to found a group that it is not a voter of.
    #[error(
        "node {node} was told to found a group of {voters:?}, of which it is none; correct the placement"
    )]
    NotAFounder {
        /// This node.
        node: u64,
        /// The voters.
        voters: Vec<u64>,
    },
    /// Log or store could not be read.
    #[error("the log or the store could not be read")]
    Storage(#[from] io::Error),
    /// openraft refused.
    #[error("the group could not be started: {0}")]
    Raft(String),
}

impl StartError {
    /// Trying again cannot help.
    pub(super) fn is_final(&self) -> bool {
        match self {
            StartError::LogBehindStore { .. }
            | StartError::StoreBehindLog { .. }
            | StartError::LogLost { .. }
            | StartError::DamagedLog { .. }
            | StartError::Quarantined { .. }
            | StartError::NotAFounder { .. } => true,
            StartError::Storage(_) | StartError::Raft(_) => false,
        }
    }
}

fn ends(last: &Option<Position>) -> String {
    match last {
        Some(last) => format!("ends at {last}"),
        None => "is empty".to_owned(),
    }
}

/// Why a proposal has no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// Not done: another node leads, or none does at the moment. Propose it there, or again shortly.
    #[error("this node does not lead the group; the leader is {}", known(.leader))]
    NotLeader {
        /// Who leads, if this node knows.
        leader: Option<u64>,
    },
    /// Done or not done. Only a proposal that is recognised when it comes twice may be made again.
    #[error("the group stopped or lost its leader before the outcome was known; ask again with the same key")]
    Unknown,
    /// Not done: the group is not running on this node.
    #[error("the group is not running; try again shortly")]
    Stopped,
}

/// Why a read could not be made sure of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Another node leads, or none does.
    #[error("this node does not lead the group; the leader is {}", known(.leader))]
    NotLeader {
        /// Who leads, if this node knows.
        leader: Option<u64>,
    },
    /// No quorum answered.
    #[error("too few nodes of the group answered; try again shortly")]
    NoQuorum,
    /// The group is not running on this node.
    #[error("the group is not running; try again shortly")]
    Stopped,
}

fn known(leader: &Option<u64>) -> String {
    leader.map_or_else(|| "not known yet".to_owned(), |node| format!("node {node}"))
}

/// Why a log could not be shortened. It is as long as before.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// The group ended meanwhile.
    #[error("the group stopped before its snapshot was taken")]
    Stopped,
    /// The store does not say what it holds durably.
    #[error("the store could not be asked what it holds durably")]
    Store(#[from] io::Error),
}

/// Why an entry was not waited for to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// It is not applied here yet; it may be later.
    #[error("this replica has not caught up in time; ask another, or again shortly")]
    Late,
    /// The group is not running on this node, and will not be.
    #[error("the group is not running; ask another node")]
    Stopped,
}

/// Why a replica that does not lead does not answer a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// The leader was not heard, or there is none, so that what is here may be old.
    #[error("this replica does not hear from its leader; the leader is {}", known(.leader))]
    Unheard {
        /// Who leads, if this node knows.
        leader: Option<u64>,
    },
    /// It has not applied as much in time.
    #[error("this replica has not caught up in time; the leader is {}", known(.leader))]
    Behind {
        /// Who leads, if this node knows.
        leader: Option<u64>,
    },
    /// The group is not running on this node.
    #[error("the group is not running; ask another node")]
    Stopped,
}

/// Why another node does not lead the group now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// This node does not lead, so that it has nothing to hand over.
    #[error("this node does not lead the group; the leader is {}", known(.leader))]
    NotLeader {
        /// Who leads, if this node knows.
        leader: Option<u64>,
    },
    /// No voter that answers has caught up, or not the one that was asked for.
    #[error("no voter that could lead has caught up; try again shortly")]
    NoHeir,
    /// It takes longer. Whoever is elected in the end leads.
    #[error("leadership was not taken over in time")]
    Late,
    /// The group is not running on this node.
    #[error("the group is not running; try again shortly")]
    Stopped,
}

/// Why the members of a group were not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// Another node leads, or none does.
    #[error("this node does not lead the group; the leader is {}", known(.leader))]
    NotLeader {
        /// Who leads, if this node knows.
        leader: Option<u64>,
    },
    /// Somebody else has changed the members, or is about to. Look again, and decide again.
    #[error("the members were changed by somebody else meanwhile; look at them again")]
    Conflict,
    /// The change makes no sense for these members.
    #[error("{0}")]
    Refused(String),
    /// Done or not done: look at the members.
    #[error("the group stopped or lost its leader before the change was certain; look at the members again")]
    Unknown,
    /// Not done: the group is not running on this node.
    #[error("the group is not running; try again shortly")]
    Stopped,
}

/// Why a replica was not moved to its end. Where it stands is in the members; the same move takes up from there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// A step failed.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The node that moves away leads, and nobody took over from it.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// Another node leads now: ask that one to go on.
    #[error("node {leader} leads now; let it go on with the move")]
    HandedOver {
        /// Who leads.
        leader: u64,
    },
    /// The new replica has not answered for too long.
    #[error("node {node} does not answer; the move goes no further without it")]
    Silent {
        /// The node.
        node: u64,
    },
}
