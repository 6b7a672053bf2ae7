//! How connections are tuned, and why.

use hyper_util::rt::TokioTimer;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// To reach a machine of the same cluster.
pub(super) const CONNECT: Duration = Duration::from_secs(1);
/// To prove oneself to it. Longer: it may have no processor free.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(3);
/// A peer is asked this often whether it is there ...
const PING_EVERY: Duration = Duration::from_secs(1);
/// ... and has this long to answer, or the connection is dropped: so that what waits for a frozen peer ends.
const PING_ANSWER: Duration = Duration::from_secs(2);
/// What one stream may have on its way without being read.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// More than all streams that may stand still together: appends and snapshots never hold up a heartbeat.
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
/// Small enough that what is urgent gets a turn soon.
const FRAME_BYTES: u32 = 64 << 10;
/// Streams of one peer: three lanes, two snapshots, a channel and probes. More are a mistake.
const STREAMS: u32 = 32;

/// Runs what the HTTP library has to run, until it is cancelled; the owner of the tracker waits for it.
#[derive(Clone)]
pub(crate) struct Tasks {
    /// Who waits.
    pub tracker: TaskTracker,
    /// Ends all.
    pub cancel: CancellationToken,
}

impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        let cancel = self.cancel.clone();
        self.tracker.spawn(async move { cancel.run_until_cancelled(future).await });
    }
}

impl Tasks {
    /// None yet.
    pub(crate) fn new() -> Tasks {
        Tasks { tracker: TaskTracker::new(), cancel: CancellationToken::new() }
    }

    /// Some that can be ended apart from the others, and end with them.
    pub(crate) fn child(&self) -> Tasks {
        Tasks { tracker: self.tracker.clone(), cancel: self.cancel.child_token() }
    }

    /// Ends all, and waits until they have.
    pub(crate) async fn close(&self) {
        self.cancel.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

pub(super) fn client(executor: Tasks) -> hyper::client::conn::http2::Builder<Tasks> {
    let mut builder = hyper::client::conn::http2::Builder::new(executor);
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_ANSWER)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES);
    builder
}

pub(super) fn server(executor: Tasks) -> hyper::server::conn::http2::Builder<Tasks> {
    let mut builder = hyper::server::conn::http2::Builder::new(executor);
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_ANSWER)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES)
        .max_concurrent_streams(STREAMS);
    builder
}
