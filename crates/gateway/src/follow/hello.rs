//! The first message: who comes, and what they have already.

use super::client::Client;
use crate::app::App;
use crate::auth::Verified;
use crate::request::json;
use crate::socket::{Close, Code, End, Event, Signals, Socket, stopping};
use base::DocId;
use rpc::{Bell, Follow, Refusal};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use wire::thin::{Auth, FromClient};

/// How long the first message may take.
const AUTH_WITHIN: Duration = Duration::from_secs(5);

/// The longest first message. It has a token in it, and nobody knows yet who sends it.
const AUTH_BYTES_MAX: usize = 16 << 10;

/// Makes the client's acquaintance, and begins its session at the document.
pub(super) async fn hello(
    socket: &mut Socket,
    id: Option<DocId>,
    signals: &Arc<Signals>,
) -> Result<Client, End> {
    socket.receiver.take_at_most(AUTH_BYTES_MAX);
    let Auth { token, since, changes } = auth(socket).await?;
    let verified = verified(&socket.app, &token)?;
    socket.receiver.take_at_most(socket.app.limits.sync_frame_bytes);
    let id = id.ok_or_else(|| gone(&Refusal::NotFound))?;
    sleep(socket.app.handshakes.delay(Instant::now())).await;
    let bell: Bell = {
        let signals = signals.clone();
        Arc::new(move |id| signals.ring(id))
    };
    let follow = Follow { id, since, changes, bell };
    let session = socket.app.live.follow(verified.caller.clone(), follow).await;
    let session = session.map_err(|refusal| gone(&refusal))?;
    Ok(Client::new(socket.app.clone(), verified, id, session, changes))
}

/// Waits for `auth`.
async fn auth(socket: &mut Socket) -> Result<Auth, End> {
    let within = socket.app.socket_config.join_within.min(AUTH_WITHIN);
    let stop = socket.stop.clone();
    let first = async {
        loop {
            match socket.receiver.receive().await? {
                (Event::Text(text), room) => return Ok((text, room)),
                (Event::Binary(_), _) => return Err(protocol("messages are JSON in text frames").into()),
                (Event::Ping(_) | Event::Pong, _) => {}
                (Event::Close(_), _) => return Err(Close::new(Code::Normal, "").into()),
            }
        }
    };
    let first: Result<_, End> = tokio::select! {
        biased;
        () = stop.cancelled() => return Err(stopping().into()),
        first = timeout(within, first) => {
            first.unwrap_or_else(|_| Err(Close::new(Code::Silent, "auth did not come in time").into()))
        }
    };
    let (text, mut room) = first?;
    match json::parse(&text, &socket.app.limits, &mut room) {
        Ok(FromClient::Auth(auth)) => Ok(auth),
        Ok(_) => Err(protocol("the first message is auth").into()),
        Err(problem) => Err(protocol(format!("the first message is auth: {}", problem.detail)).into()),
    }
}

fn verified(app: &App, token: &str) -> Result<Arc<Verified>, Close> {
    let rejected = |rejected: crate::auth::Rejected| Close::new(Code::Credential, rejected.to_string());
    app.verifier.verify(token, base::now()).map_err(rejected)
}

fn protocol(reason: impl Into<std::borrow::Cow<'static, str>>) -> Close {
    Close::new(Code::Protocol, reason)
}

/// The end of a socket whose session is over, or never began.
pub(super) fn gone(refusal: &Refusal) -> Close {
    match refusal {
        Refusal::NotFound => Close::new(Code::NotFound, "there is no such document, or you may not read it"),
        Refusal::Busy { .. } => Close::new(Code::Full, refusal.to_string()),
        Refusal::Internal { reason } => {
            tracing::error!(reason, "a session failed");
            Close::new(Code::Unavailable, "the hub failed; connect again")
        }
        Refusal::Damaged { reason } => {
            tracing::error!(reason, "a document is damaged");
            Close::new(
                Code::Unavailable,
                "what is stored of the document does not open; the log has the reason",
            )
        }
        other => Close::new(Code::Unavailable, other.to_string()),
    }
}
