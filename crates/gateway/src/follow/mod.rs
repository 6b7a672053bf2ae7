//! `/documents/{id}/sync`: the JSON socket, one document for a client without a CRDT library.
//!
//! One task a socket. The client says who it is in its first message; from then on what it hears comes from its session
//! at the shard, and what it edits goes the way of a `PATCH`. The messages are those of [`wire::thin`].
//!
//! ```text
//! hello.rs   the first message
//! serve.rs   the loop of a socket
//! client.rs  what a message means
//! edits.rs   edits that are under way
//! render.rs  messages as they go out
//! ```
//!
//! Invariants:
//! - what waits for a client is bounded by one message above [`serve::OUTBOX_BYTES`]: its session is asked only while
//!   there is less;
//! - edits under way are bounded: beyond that the socket is not read;
//! - an edit is acknowledged when it is durable, and refused without harm to the others.

mod client;
mod edits;
mod hello;
mod render;
mod serve;

use crate::socket::{self, End, Signals, Socket};
use percent_encoding::percent_decode_str;

/// Serves one socket to its end. `name` is the document as the path named it.
pub(crate) async fn serve(mut socket: Socket, name: &str) {
    let end = talk(&mut socket, name).await;
    socket::finish(socket, end).await;
}

async fn talk(socket: &mut Socket, name: &str) -> End {
    let signals = Signals::new();
    let mut place = match socket.app.sockets.enter(&signals, None) {
        Ok(place) => place,
        Err(close) => return close.into(),
    };
    // What is no id looks like what does not exist, but only to those who have shown a token.
    let id = percent_decode_str(name).decode_utf8().ok().and_then(|name| name.parse().ok());
    match hello::hello(socket, id, &signals).await {
        Ok(client) => match place.name(client.caller(), client.name()) {
            Ok(()) => serve::serve(socket, client, signals).await,
            Err(close) => close.into(),
        },
        Err(end) => end,
    }
}
