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
        matches!(self, StartError::LogBehindStore { .. } | StartError::StoreBehindLog { .. })
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
