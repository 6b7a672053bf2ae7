//! The loop of a socket: what comes, what goes, and the signs of life.

use super::client::Client;
use crate::gate::Pass;
use crate::socket::{Close, Code, End, Event, Life, Opcode, Sender, Signals, Socket, stopping};
use std::pin::pin;
use std::sync::Arc;
use tokio::time::sleep_until;

/// With this much to write, the session is not asked for more, and the client is not read.
pub(super) const OUTBOX_BYTES: usize = 64 << 10;

/// Serves a client that has said who it is, to its end.
pub(super) async fn serve(socket: &mut Socket, mut client: Client, signals: Arc<Signals>) -> End {
    let mut life = Life::new(&socket.app.socket_config, client.refused_from());
    let Socket { receiver, sender, stop, app } = socket;
    let mut stopped = pin!(stop.cancelled());
    let mut look = pin!(sleep_until(life.due()));
    loop {
        if let Some(close) = signals.ended() {
            return close.clone().into();
        }
        // Before the session is asked: what rings from now on is seen in the next round.
        client.rung |= signals.take().next().is_some();
        if let Err(close) = client.fill(sender, OUTBOX_BYTES) {
            return close.into();
        }
        let readable = client.edits.has_room() && sender.outbox.len() < OUTBOX_BYTES;
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
            edited = client.edits.done() => {
                client.answer(edited, sender);
                Ok(())
            }
            received = receiver.receive(), if readable => {
                life.heard();
                match received {
                    Ok((event, room)) => {
                        app.metrics.socket_received();
                        hear(&mut client, event, room, sender)
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

fn hear(client: &mut Client, event: Event, room: Pass, sender: &mut Sender) -> Result<(), Close> {
    match event {
        Event::Text(text) => client.hear(&text, room, sender),
        Event::Binary(_) => client.fault("messages are JSON in text frames", sender),
        Event::Ping(payload) => {
            sender.push(Opcode::Pong, &payload);
            Ok(())
        }
        Event::Pong => Ok(()),
        Event::Close(_) => Err(Close::new(Code::Normal, "")),
    }
}
