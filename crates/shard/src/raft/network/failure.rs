//! What a failed message means to openraft.

use crate::raft::types::TypeConfig;
use openraft::RPCTypes;
use openraft::errors::{NetworkError, RPCError, StreamingError, Timeout, Unreachable};
use rpc::PeerError;
use std::time::Duration;

/// What was sent, by whom, and how long it was given.
#[derive(Clone, Copy)]
pub(super) struct Sent {
    pub(super) action: RPCTypes,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) limit: Duration,
}

/// Only what was late is tried again at once: it has waited already. All else backs off, because a node that is down, is
/// starting, or refuses us will do so again a moment later.
pub(super) fn rpc_error<O: Send + Sync + 'static>(sent: Sent, error: PeerError) -> RPCError<TypeConfig<O>> {
    let Sent { action, from, to, limit } = sent;
    match error {
        PeerError::Late { .. } => Timeout { action, id: from, target: to, timeout: limit }.into(),
        PeerError::Unreachable { .. } | PeerError::NoSuchShard { .. } | PeerError::Failed { .. } => {
            Unreachable::new(&error).into()
        }
    }
}

/// An answer that does not fit what was asked.
pub(super) fn strange<O: Send + Sync + 'static>(to: u64, what: &str) -> RPCError<TypeConfig<O>> {
    Unreachable::from_string(format!("node {to} answered {what}")).into()
}

/// The same for a snapshot. What is late backs off, too: to try again means to send all of it again.
pub(in crate::raft) fn streaming_error<O: Send + Sync + 'static>(
    error: &PeerError,
) -> StreamingError<TypeConfig<O>> {
    Unreachable::new(error).into()
}

/// A snapshot that could not be read here is tried again; it never ends the group.
pub(in crate::raft) fn unread<O: Send + Sync + 'static>(
    error: &std::io::Error,
) -> StreamingError<TypeConfig<O>> {
    NetworkError::new(error).into()
}
