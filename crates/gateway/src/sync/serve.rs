//! The loop of a socket: what comes, what goes, and the signs of life.

use super::credential::Grant;
use super::peer::Peer;
use crate::gate::Pass;
use crate::socket::{Close, Code, End, Event, Life, Opcode, Sender, Signals, Socket, expiry, stopping};
use std::sync::Arc;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// With this much to write, sessions are not asked for more, and the client is not read.
pub(super) const OUTBOX_BYTES: usize = 64 << 10;

/// Serves a client that has joined, to its end.
pub(super) async fn serve(socket: &mut Socket, grant: Grant, name: Arc<str>, signals: Arc<Signals>) -> End {
    let config = &socket.app.socket_config;
    let expires = tokio::time::sleep_until(expiry(grant.refused_from, base::now(), config.expiry_grace));
    let mut looks = interval_at(Instant::now() + config.ping_every, config.ping_every);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut life = Life::new(config.write_timeout);
    let mut peer = Peer::new(socket.app.clone(), grant, name, signals.clone());
    let Socket { receiver, sender, stop, app } = socket;
    tokio::pin!(expires);
    loop {
        if let Some(close) = signals.ended() {
            return close.clone().into();
        }
        if let Err(close) = peer.fill(sender, OUTBOX_BYTES) {
            return close.into();
        }
        let readable = peer.documents.has_room() && sender.outbox.len() < OUTBOX_BYTES;
        let done = tokio::select! {
            biased;
            () = stop.cancelled() => return stopping().into(),
            () = &mut expires => return Close::new(Code::Credential, "the credential has expired; get a new one").into(),
            _ = looks.tick() => life.look(readable, sender),
            written = sender.write_some() => match written {
                Ok(_) => {
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
