//! The accept loop: takes connections up to the limit, owns them, and ends them.

use super::connection::{self, Connection};
use crate::app::App;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long to rest when the system has no descriptor for another connection.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// What the loop works with.
pub(super) struct Door {
    pub listener: TcpListener,
    pub app: Arc<App>,
    pub connections_max: usize,
    pub idle: Duration,
    pub drain: Duration,
    pub stop: CancellationToken,
}

impl Door {
    /// Accepts until it is told to stop, then waits for the connections.
    pub async fn run(self) {
        let mut connections = JoinSet::new();
        // HTTP/2 streams run as tasks of their own; they end with their connection.
        let streams = TaskTracker::new();
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                Some(ended) = connections.join_next() => reap(ended),
                accepted = self.listener.accept(), if connections.len() < self.connections_max => {
                    self.admit(accepted.map(|(stream, _peer)| stream), &mut connections, &streams).await;
                }
            }
            self.app.metrics.set_connections(connections.len());
            self.app.metrics.set_sockets(self.app.sockets.open());
        }
        drop(self.listener);
        drain(connections, streams, self.drain).await;
        self.app.metrics.set_connections(0);
        self.app.metrics.set_sockets(0);
    }

    async fn admit(
        &self,
        accepted: io::Result<TcpStream>,
        connections: &mut JoinSet<()>,
        streams: &TaskTracker,
    ) {
        match accepted {
            Ok(stream) => {
                let (app, stop, streams) = (self.app.clone(), self.stop.clone(), streams.clone());
                connections.spawn(connection::serve(Connection {
                    stream,
                    app,
                    idle: self.idle,
                    stop,
                    streams,
                }));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections; trying again");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

/// The client went away before it was accepted: nothing is wrong with the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn reap(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection panicked");
    }
}

async fn drain(mut connections: JoinSet<()>, streams: TaskTracker, patience: Duration) {
    streams.close();
    let all = async {
        while let Some(ended) = connections.join_next().await {
            reap(ended);
        }
        streams.wait().await;
    };
    if tokio::time::timeout(patience, all).await.is_err() {
        tracing::warn!(cut = connections.len(), "requests in flight took too long; they are cut");
        connections.shutdown().await;
    }
}
