//! One connection: HTTP/1.1 or HTTP/2 by what the client sends first, until it ends, is idle, or the gateway stops.

use super::Activity;
use super::io::Watched;
use crate::app::App;
use crate::service::Face;
use hyper::rt::Executor;
use hyper_util::server::conn::auto::Builder;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Streams that one HTTP/2 connection may have open.
const STREAMS_MAX: u32 = 256;

/// What a connection works with.
pub(super) struct Connection {
    pub stream: TcpStream,
    pub app: Arc<App>,
    pub idle: Duration,
    pub stop: CancellationToken,
    pub streams: TaskTracker,
}

/// Serves one connection to its end.
pub(super) async fn serve(connection: Connection) {
    let Connection { stream, app, idle, stop, streams } = connection;
    // An answer is written whole: waiting for more to send would only delay it.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY is not to be had");
    }
    let activity = Arc::new(Activity::default());
    let builder = builder(streams);
    let face = Face { app, activity: activity.clone() };
    let mut serving = pin!(builder.serve_connection(Watched::new(stream, activity.clone()), face));
    let mut looks = interval_at(Instant::now() + idle, idle);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut last_pulse, mut stopping) = (0, false);
    loop {
        tokio::select! {
            biased;
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended badly");
                }
                return;
            }
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                serving.as_mut().graceful_shutdown();
            }
            _ = looks.tick() => {
                if activity.idle_since(&mut last_pulse) {
                    return;
                }
            }
        }
    }
}

fn builder(streams: TaskTracker) -> Builder<Tracked> {
    let mut builder = Builder::new(Tracked(streams));
    // No timer: the idle watch also ends heads that never become whole, at no cost for each request.
    builder.http1().pipeline_flush(true);
    builder.http2().max_concurrent_streams(STREAMS_MAX);
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
