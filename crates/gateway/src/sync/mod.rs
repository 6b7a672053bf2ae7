//! `/sync`: the automerge-repo protocol, many documents on one socket.
//!
//! One task a socket. The gateway answers the handshake itself and knows nothing of documents: each has a session at its
//! shard, and messages go there and come from there.
//!
//! ```text
//! credential.rs  who comes, by ticket, cookie or token
//! handshake.rs   join and peer
//! serve.rs       the loop of a socket
//! peer.rs        what a message means
//! names.rs       documents by their names
//! documents.rs   the sessions of a socket, and the work that is under way
//! ```
//!
//! Invariants:
//! - what waits for a client is bounded by one message above [`serve::OUTBOX_BYTES`]: sessions are asked only while there is
//!   less, so a slow client costs its shard a mark and never a queue;
//! - what waits for a shard is bounded: beyond it the socket is not read;
//! - messages of one document are taken in order, those of different documents do not wait for each other.

mod credential;
mod documents;
mod handshake;
mod names;
mod peer;
mod serve;

pub(crate) use credential::{Grant, credential};

use crate::socket::{self, Close, End, Signals, Socket};

/// Serves one socket to its end. The credential was looked at when the socket was asked for; what is wrong with it is
/// told now.
pub(crate) async fn serve(mut socket: Socket, grant: Result<Grant, Close>) {
    let end = match grant {
        Ok(grant) => talk(&mut socket, grant).await,
        Err(close) => End::Told(close),
    };
    Box::pin(socket::finish(socket, end)).await;
}

async fn talk(socket: &mut Socket, grant: Grant) -> End {
    let signals = Signals::new();
    let ticket = grant.ticket.map(|ticket| (grant.caller.clone(), ticket));
    let mut place = match socket.app.sockets.enter(&signals, ticket) {
        Ok(place) => place,
        Err(close) => return End::Told(close),
    };
    // On the heap, and gone when it is over: what a socket needs for a moment is no part of its long life.
    match Box::pin(handshake::handshake(socket, &grant, &mut place)).await {
        Ok(name) => serve::serve(socket, grant, name, signals).await,
        Err(end) => end,
    }
}
