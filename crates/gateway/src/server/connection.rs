//! One connection: HTTP/1.1 or HTTP/2 by what the client sends first, until it ends, is idle, or the gateway stops; or
//! until it becomes a socket, which lives on in the same task.

use super::Activity;
use super::io::Watched;
use crate::app::App;
use crate::follow;
use crate::service::Face;
use crate::socket::{self, Close, Socket, Upgrade};
use crate::sync::{self, Grant};
use hyper::rt::Executor;
use hyper::upgrade::Upgraded;
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::conn::auto::upgrade::{self, Parts};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Streams that one HTTP/2 connection may have open.
const STREAMS_MAX: u32 = 256;

/// The head of an HTTP/2 request. The longest token of a feed goes into it.
const HEAD_BYTES_MAX: u32 = 32 << 10;

/// What a connection works with.
pub(super) struct Connection {
    pub stream: TcpStream,
    pub app: Arc<App>,
    pub idle: Duration,
    pub stop: CancellationToken,
    pub streams: TaskTracker,
}

/// What is spoken on a connection that becomes a socket.
pub(crate) enum Start {
    /// `/sync`, by whoever this is.
    Sync(Result<Grant, Close>),
    /// The JSON socket of the document with this name.
    Follow(Box<str>),
}

/// Serves one connection to its end.
pub(super) async fn serve(connection: Connection) {
    let (app, stop) = (connection.app.clone(), connection.stop.clone());
    // Apart and on the heap: a socket, which may live for days, does not carry what HTTP needed.
    if let Some(upgrade) = Box::pin(serve_http(connection)).await {
        Box::pin(serve_socket(upgrade, app, stop)).await;
    }
}

/// Serves HTTP; gives what the connection becomes, if it becomes something else.
async fn serve_http(connection: Connection) -> Option<Upgrade> {
    let Connection { stream, app, idle, stop, streams } = connection;
    // An answer is written whole: waiting for more to send would only delay it.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY is not to be had");
    }
    let (activity, upgraded) = (Arc::new(Activity::default()), Arc::new(Mutex::new(None)));
    let builder = builder(streams);
    let face = Face { app, activity: activity.clone(), upgrade: upgraded.clone() };
    let watched = Watched::new(stream, activity.clone());
    let mut serving = std::pin::pin!(builder.serve_connection_with_upgrades(watched, face));
    let mut looks = interval_at(Instant::now() + idle, idle);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut last_pulse, mut stopping) = (0, false);
    loop {
        tokio::select! {
            biased;
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended badly");
                    return None;
                }
                return upgraded.lock().take();
            }
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                serving.as_mut().graceful_shutdown();
            }
            _ = looks.tick() => {
                if activity.idle_since(&mut last_pulse) {
                    return None;
                }
            }
        }
    }
}

/// Serves what a connection has become.
async fn serve_socket(upgrade: Upgrade, app: Arc<App>, stop: CancellationToken) {
    let Upgrade { on, start } = upgrade;
    // Ready by now, or never: HTTP is over.
    let stream = match on.await {
        Ok(upgraded) => take_over(upgraded),
        Err(error) => return tracing::debug!(%error, "a connection did not become a socket"),
    };
    let Some(stream) = stream else { return };
    let limit = app.limits.sync_frame_bytes;
    let (receiver, sender) = socket::halves(stream, limit, &app.bodies);
    let socket = Socket { app, receiver, sender, stop };
    // Each in its own place: neither is as large as the larger one, nor carries what led to it.
    match start {
        Start::Sync(grant) => Box::pin(sync::serve(socket, grant)).await,
        Start::Follow(name) => Box::pin(follow::serve(socket, &name)).await,
    }
}

/// The connection alone. What hyper read it with, 16 KiB of buffer, ends here: even its empty rest would keep it all, for as
/// long as the socket lives.
fn take_over(upgraded: Upgraded) -> Option<TcpStream> {
    let Ok(Parts { io, read_buf, .. }) = upgrade::downcast::<Watched>(upgraded) else {
        tracing::error!("a connection that became a socket is not what was accepted");
        return None;
    };
    // A client waits for the answer before it speaks (RFC 6455, section 4.1).
    if !read_buf.is_empty() {
        tracing::debug!("a client spoke before its request for a socket was answered");
        return None;
    }
    Some(io.into_inner())
}

fn builder(streams: TaskTracker) -> Builder<Tracked> {
    let mut builder = Builder::new(Tracked(streams));
    // No timer: the idle watch also ends heads that never become whole, at no cost for each request. Answers to pipelined requests
    // are not gathered: hyper would copy them into a buffer of its own, past all bounds, until the last one is made.
    builder.http2().max_concurrent_streams(STREAMS_MAX).max_header_list_size(HEAD_BYTES_MAX);
    builder
}

/// Runs HTTP/2 streams as tasks that the accept loop waits for.
#[derive(Clone)]
struct Tracked(TaskTracker);

impl<F> Executor<F> for Tracked
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, stream: F) {
        self.0.spawn(stream);
    }
}
