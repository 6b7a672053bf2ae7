//! `join` and `peer`: who is there, and whether they may stay.
//!
//! A stock client takes itself for offline if `peer` does not come within a second of connecting, so nothing here waits
//! for a document, and the one question to the log, whether a ticket is still good, has a deadline.

use super::credential::Grant;
use crate::socket::{
    Close, Code, End, Event, NAMES_OF_CLIENTS, NAMES_OF_GATEWAYS, Opcode, Place, Socket, stopping,
};
use bytes::Bytes;
use rpc::{Redeemed, Refusal};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use wire::{Body, Message, PROTOCOL_VERSION, PeerMetadata};

/// How long the log may take to say whether a ticket is good.
const TICKET_WITHIN: Duration = Duration::from_secs(5);

/// The longest peer id. Every message to the peer bears it.
const PEER_ID_BYTES_MAX: usize = 256;

/// What the names begin with that hubs give: to themselves, and to JSON sockets.
const RESERVED: [&str; 2] = [NAMES_OF_GATEWAYS, NAMES_OF_CLIENTS];

/// Makes the client's acquaintance; gives the name that it chose.
pub(super) async fn handshake(
    socket: &mut Socket,
    grant: &Grant,
    place: &mut Place,
) -> Result<Arc<str>, End> {
    let name = joined(socket).await?;
    redeem(socket, grant).await?;
    place.name(&grant.caller, &name)?;
    sleep(socket.app.handshakes.delay(Instant::now())).await;
    let metadata = PeerMetadata { storage: None, ephemeral: Some(true) };
    let body = Body::Peer { metadata, version: PROTOCOL_VERSION };
    let peer = Message { sender: &socket.app.peer_id, target: &name, body };
    socket.sender.push(Opcode::Binary, &peer.encode());
    Ok(name)
}

/// Waits for `join`.
async fn joined(socket: &mut Socket) -> Result<Arc<str>, End> {
    let within = socket.app.socket_config.join_within;
    let stop = socket.stop.clone();
    let first = async {
        loop {
            match socket.receiver.receive().await?.0 {
                Event::Binary(frame) => return Ok(frame),
                Event::Text(_) => return Err(Close::new(Code::Protocol, "messages are binary").into()),
                Event::Ping(_) | Event::Pong => {}
                Event::Close(_) => return Err(Close::new(Code::Normal, "").into()),
            }
        }
    };
    let first: Result<Bytes, End> = tokio::select! {
        biased;
        () = stop.cancelled() => return Err(stopping().into()),
        first = timeout(within, first) => {
            first.unwrap_or_else(|_| Err(Close::new(Code::Silent, "join did not come in time").into()))
        }
    };
    read_join(socket, &first?)
}

fn read_join(socket: &mut Socket, frame: &Bytes) -> Result<Arc<str>, End> {
    let message = Message::decode(frame).map_err(|error| Close::new(Code::Protocol, error.to_string()))?;
    let Body::Join { versions, .. } = &message.body else {
        return Err(Close::new(Code::Protocol, "the first message is join").into());
    };
    if message.sender.is_empty() || message.sender.len() > PEER_ID_BYTES_MAX {
        let reason = format!("a senderId has 1 to {PEER_ID_BYTES_MAX} bytes");
        return Err(Close::new(Code::Protocol, reason).into());
    }
    // To others it would look as if the hub spoke, be it that of another gateway, or a JSON socket.
    if RESERVED.iter().any(|front| message.sender.starts_with(front)) {
        return Err(Close::new(Code::Conflict, "this senderId is the hub's; choose another").into());
    }
    if versions.as_ref().is_some_and(|versions| !versions.contains(&PROTOCOL_VERSION)) {
        let body = Body::Error { message: "unsupported protocol version" };
        let error = Message { sender: &socket.app.peer_id, target: message.sender, body };
        socket.sender.push(Opcode::Binary, &error.encode());
        return Err(Close::new(Code::Protocol, "this hub speaks version 1 of the protocol").into());
    }
    Ok(message.sender.into())
}

/// Asks the log whether the ticket is good, if it is one.
async fn redeem(socket: &Socket, grant: &Grant) -> Result<(), Close> {
    let Some(ticket) = grant.ticket else { return Ok(()) };
    let answer = timeout(TICKET_WITHIN, socket.app.tickets.redeem(grant.caller.clone(), ticket)).await;
    match answer {
        Ok(Ok(Redeemed::Good)) => Ok(()),
        Ok(Ok(Redeemed::Spent)) => {
            Err(Close::new(Code::Credential, "the ticket was for one time, and has been used"))
        }
        Ok(Ok(Redeemed::Revoked)) => Err(Close::new(Code::Revoked, "the ticket was revoked")),
        Ok(Err(refusal)) => {
            tracing::warn!(%refusal, "a ticket could not be checked");
            Err(unavailable(&refusal))
        }
        Err(_late) => Err(Close::new(Code::Unavailable, "the ticket could not be checked in time")),
    }
}

/// The end of a socket whose shard cannot serve it.
pub(super) fn unavailable(refusal: &Refusal) -> Close {
    match refusal {
        Refusal::Internal { .. } => Close::new(Code::Unavailable, "the hub failed; connect again"),
        Refusal::DiskFull { .. } => {
            Close::new(Code::Unavailable, "the disk of the hub is full; connect again later")
        }
        refusal => Close::new(Code::Unavailable, refusal.to_string()),
    }
}
