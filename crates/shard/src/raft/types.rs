//! The types that openraft is used with. Nothing outside this folder names them.
//!
//! Log ids carry the node that led (openraft's "advanced" leader ids), so that a position names an entry for good.

use super::{Position, SnapshotData};
use bytes::Bytes;
use openraft::impls::{InlineBatch, leader_id_adv};
use openraft::{BasicNode, EntryPayload, RaftTypeConfig};
use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;

/// Who leads, or led, in a term.
pub(super) type LeaderId = leader_id_adv::LeaderId<u64, u64>;
/// A position, as openraft writes it.
pub(super) type LogId = openraft::LogId<LeaderId>;
/// A vote, given or won.
pub(super) type Vote = openraft::Vote<LeaderId>;
/// Voters and learners.
pub(super) type Membership = openraft::Membership<u64, BasicNode>;
/// Voters and learners, and the entry that made them so.
pub(super) type StoredMembership = openraft::StoredMembership<LeaderId, u64, BasicNode>;
/// An entry of the log.
pub(super) type Entry = openraft::Entry<LeaderId, EntryPayload<Payload, u64, BasicNode>>;

/// What a snapshot is known by.
pub(super) type SnapshotHead = openraft::SnapshotMeta<LeaderId, u64, BasicNode>;
/// A snapshot; none of a machine that nothing was applied to yet.
pub(super) type MaybeSnapshot = Option<SnapshotData>;
/// A snapshot and its head.
pub(super) type TakenSnapshot = openraft::Snapshot<LeaderId, u64, BasicNode, MaybeSnapshot>;

/// What this program puts into an entry.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Payload {
    /// Commands: opaque here.
    Commands(Bytes),
    /// Every replica hashes its state at this entry.
    Audit,
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Payload::Commands(bytes) => write!(f, "{} bytes", bytes.len()),
            Payload::Audit => f.write_str("audit"),
        }
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl From<LogId> for Position {
    fn from(id: LogId) -> Position {
        Position { term: id.leader_id.term, node: id.leader_id.node_id, index: id.index }
    }
}

impl From<Position> for LogId {
    fn from(position: Position) -> LogId {
        let Position { term, node, index } = position;
        LogId::new(LeaderId { term, node_id: node }, index)
    }
}

/// openraft's type parameters, for a machine whose entries lead to outcomes of type `O`.
pub(super) struct TypeConfig<O>(PhantomData<fn() -> O>);

impl<O: Send + Sync + 'static> RaftTypeConfig for TypeConfig<O> {
    type D = Payload;
    type R = O;
    type NodeId = u64;
    type Node = BasicNode;
    type Term = u64;
    type LeaderId = LeaderId;
    type Vote = Vote;
    type Payload = EntryPayload<Payload, u64, BasicNode>;
    type Entry = Entry;
    type AsyncRuntime = openraft_rt_tokio::TokioRuntime;
    type Responder<T>
        = super::reply::Reply<T>
    where
        T: Send + 'static;
    type Batch<T>
        = InlineBatch<T>
    where
        T: Send + 'static;
    type ErrorSource = openraft::impls::BoxedErrorSource;
}

// openraft wants these of the marker itself. A derive would ask them of `O`, which needs none of them.

impl<O> Clone for TypeConfig<O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O> Copy for TypeConfig<O> {}

impl<O> Default for TypeConfig<O> {
    fn default() -> Self {
        TypeConfig(PhantomData)
    }
}

impl<O> fmt::Debug for TypeConfig<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypeConfig")
    }
}

impl<O> PartialEq for TypeConfig<O> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<O> Eq for TypeConfig<O> {}

impl<O> PartialOrd for TypeConfig<O> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<O> Ord for TypeConfig<O> {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}
