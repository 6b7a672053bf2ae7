//! The seam for sockets: following a document while it changes.
//!
//! A socket has a *session* for each document that it follows. The shard keeps what the session knows; the socket asks
//! for the next message when it can write one. So a slow socket costs the shard a mark, never a queue, and what comes
//! to it late comes as few messages.
//!
//! The contract of every session:
//! - it exists for documents that are not there or may not be read, too: they show as [`Synced::Unavailable`], and go
//!   on without a word from the client when they come into being or are shared;
//! - access is checked for every message, where the truth is;
//! - what a session shows is durable;
//! - dropping it leaves the document.

use crate::{Answer, Caller, Refusal, Seen, Update};
use base::{DocId, Level};
use bytes::Bytes;
use std::sync::Arc;

/// Tells a socket that the session of this document may have something for it. Rings for no reason do no harm; a ring
/// never blocks and may come from any thread, also while the session is being asked.
pub type Bell = Arc<dyn Fn(DocId) + Send + Sync>;

/// Sockets of a hub, seen from a gateway.
pub trait Live: Send + Sync + 'static {
    /// Begins a session of the Automerge sync protocol.
    fn join(&self, caller: Caller, join: Join) -> Answer<'_, Arc<dyn SyncSession>>;

    /// Begins a session for a client without a CRDT library.
    fn follow(&self, caller: Caller, follow: Follow) -> Answer<'_, Arc<dyn FollowSession>>;
}

/// The seam as gateways hold it.
pub type SharedLive = Arc<dyn Live>;

/// A peer of the sync protocol that comes to a document.
#[derive(Clone)]
pub struct Join {
    /// The document.
    pub id: DocId,
    /// Whether the peer was at the document before, in a session that broke: what it sent then may be lost, so that it is
    /// asked for what it has, before it says a word.
    pub resumed: bool,
    /// Rung when there is something to send.
    pub bell: Bell,
}

/// One peer at one document.
pub trait SyncSession: Send + Sync {
    /// Takes in a sync message (the `data` of an automerge-repo `sync` or `request`). Ready once there is room for the
    /// next one; what the message holds may not be durable by then: the peer learns that from our heads.
    ///
    /// A refusal is the end of the session: the peer broke the protocol, or its changes are not to be had.
    fn receive(&self, message: Bytes) -> Answer<'_, ()>;

    /// The same for a message that can be taken in without waiting, as most can: `None` if this one cannot, which then is to
    /// be given to [`SyncSession::receive`] as if nothing had been.
    fn receive_now(&self, message: &Bytes) -> Option<Result<(), Refusal>>;

    /// Passes on what is not kept: presence, cursors. Lost rather than late.
    fn say(&self, ephemeral: Ephemeral);

    /// The next thing to send, if there is one now. For a socket that can take it.
    fn next(&self) -> Option<Synced>;
}

/// What is sent to a peer.
#[derive(Debug, Clone)]
pub enum Synced {
    /// A sync message.
    Message(Bytes),
    /// There is no such document for this peer.
    Unavailable,
    /// What another session of the document said.
    Ephemeral(Arc<Ephemeral>),
    /// The session is over; why.
    Ended(Refusal),
}

/// Something that is passed on to the other sessions of a document and not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ephemeral {
    /// The peer that said it, by its own name.
    pub sender: Arc<str>,
    /// Its process, by its own name: `count` grows within it.
    pub session: Arc<str>,
    /// How many it has said before.
    pub count: u64,
    /// CBOR, not looked into.
    pub data: Bytes,
}

impl Ephemeral {
    /// Bytes that it takes wherever it waits: all of them were chosen by a client.
    pub fn weight(&self) -> usize {
        self.sender.len() + self.session.len() + self.data.len()
    }
}

/// A thin client that comes to a document.
#[derive(Clone)]
pub struct Follow {
    /// The document.
    pub id: DocId,
    /// The version that the client has; none if it has nothing.
    pub since: Option<u64>,
    /// Whether updates carry the raw changes, too.
    pub changes: bool,
    /// Rung when there is something to send.
    pub bell: Bell,
}

/// One thin client at one document. Edits go through [`crate::Shards::write`].
pub trait FollowSession: Send + Sync {
    /// Passes on what is not kept.
    fn say(&self, ephemeral: Ephemeral);

    /// The next thing to send, if there is one now.
    fn next(&self) -> Option<Followed>;
}

/// What is sent to a thin client. The first is a snapshot, or an update from the version that it has; an update of
/// nothing says that it has the newest.
#[derive(Debug, Clone)]
pub enum Followed {
    /// The whole document.
    Snapshot(Seen),
    /// How it changed. The same for all who are at its beginning.
    Update(Arc<Update>),
    /// What another session of the document said.
    Ephemeral(Arc<Ephemeral>),
    /// What the client may do has changed.
    Level(Level),
    /// The session is over; why. [`crate::Refusal::NotFound`] if the document was deleted or access taken away.
    Ended(Refusal),
}
