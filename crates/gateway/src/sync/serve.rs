//! The loop of a socket: what comes, what goes, and the signs of life.

use super::credential::Grant;
use super::peer::Peer;
use crate::gate::Pass;
use crate::socket::{Close, Code, End, Event, Life, Opcode, Sender, Signals, Socket, stopping};
use std::pin::pin;
use std::sync::Arc;
use tokio::task::consume_budget;
use tokio::time::sleep_until;

/// With this much to write, sessions are not asked for more, and the client is not read.
pub(super) const OUTBOX_BYTES: usize = 64 << 10;

/// Serves a client that has joined, to its end.
pub(super) async fn serve(socket: &mut Socket, grant: Grant, name: Arc<str>, signals: Arc<Signals>) -> End {
    let mut life = Life::new(&socket.app.socket_config, grant.refused_from);
    let mut peer = Peer::new(socket.app.clone(), grant, name, signals.clone());
    let Socket { receiver, sender, stop, app } = socket;
    let mut stopped = pin!(stop.cancelled());
    let mut look = pin!(sleep_until(life.due()));
    loop {
        if let Some(close) = signals.ended() {
            return close.clone().into();
        }
        if let Err(close) = peer.fill(sender, OUTBOX_BYTES) {
            return close.into();
        }
        // At once, as a rule: what the system does not take waits below.
        match sender.write_now() {
            Ok(true) => life.written(),
            Ok(false) => {}
            Err(_broken) => return End::Gone,
        }
        let readable = peer.documents.has_room() && sender.outbox.len() < OUTBOX_BYTES;
        let done = tokio::select! {
            biased;
            () = &mut stopped => return stopping().into(),
            () = &mut look => {
                let looked = life.look(readable, sender);
                look.as_mut().reset(life.due());
                looked
            }
            written = sender.write_some() => match written {
                Ok(()) => {
                    life.written();
                    Ok(())
                }
                Err(_broken) => return End::Gone,
            },
            worked = peer.documents.worked() => peer.settle(worked, sender),
            received = receiver.receive(), if readable => {
                life.heard();
                match received {
                    Ok((event, room)) => {
                        app.metrics.socket_received();
                        hear(&mut peer, event, room, sender)
                    }
                    Err(lost) => return lost.into(),
                }
            }
            () = signals.changed() => Ok(()),
            // Nothing is to be waited for while sessions have more to say.
            () = consume_budget(), if peer.has_more() && sender.outbox.is_empty() => Ok(()),
        };
        if let Err(close) = done {
            return close.into();
        }
    }
}

fn hear(peer: &mut Peer, event: Event, room: Pass, sender: &mut Sender) -> Result<(), Close> {
    match event {
        Event::Binary(frame) => peer.hear(&frame, room, sender),
        Event::Text(_) => peer.fault("messages are binary", sender),
        Event::Ping(payload) => {
            sender.push(Opcode::Pong, &payload);
            Ok(())
        }
        Event::Pong => Ok(()),
        Event::Close(_) => Err(Close::new(Code::Normal, "")),
    }
}
