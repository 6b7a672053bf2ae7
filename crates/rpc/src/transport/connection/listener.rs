//! Taking in peers: each proves who it is before a byte of it is read as a call.

use super::settings::{self, HANDSHAKE, Tasks};
use crate::transport::chain::chain;
use crate::transport::tls::{Credentials, Seen, Subject, subject_of};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tonic::body::Body;

/// Peers that may be connected at once, those that still have to prove themselves with them.
const CONNECTIONS: usize = 1_024;
/// Rest after an accept that failed for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// Whom its certificate names.
    pub subject: Subject,
    /// Where it comes from.
    pub address: SocketAddr,
}

/// An answer on its way.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Answers calls.
pub(crate) type Answerer = Arc<dyn Fn(Arc<Peer>, Request<Incoming>) -> Answering + Send + Sync>;

/// Takes connections until it is closed.
pub(crate) struct Listener {
    address: SocketAddr,
    tasks: Tasks,
}

struct Accepting {
    credentials: Arc<Credentials>,
    answerer: Answerer,
    tasks: Tasks,
}

impl Listener {
    /// Listens on a socket that is bound. Inside a Tokio runtime.
    pub(crate) fn start(
        socket: TcpListener,
        credentials: Arc<Credentials>,
        answerer: Answerer,
        tasks: Tasks,
    ) -> io::Result<Listener> {
        let address = socket.local_addr()?;
        let accepting = Accepting { credentials, answerer, tasks: tasks.clone() };
        tasks.execute(accept(socket, Arc::new(accepting)));
        Ok(Listener { address, tasks })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections, and waits for what ran on them.
    pub(crate) async fn close(&self) {
        self.tasks.close().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.tasks.cancel.cancel();
    }
}

async fn accept(socket: TcpListener, accepting: Arc<Accepting>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        match socket.accept().await {
            Ok((stream, address)) => {
                let here = accepting.clone();
                accepting.tasks.execute(async move { serve(&here, stream, address, permit).await });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(accepting: &Accepting, stream: TcpStream, address: SocketAddr, _permit: OwnedSemaphorePermit) {
    let (io, peer) = match admit(&accepting.credentials, stream, address).await {
        Ok(admitted) => admitted,
        Err(refused) => {
            tracing::warn!(%address, certificate = %refused.seen, reason = %refused.reason, "a peer was refused");
            return;
        }
    };
    let peer = Arc::new(peer);
    let service = service_fn(|request| {
        let answer = (accepting.answerer)(peer.clone(), request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let served = settings::server(accepting.tasks.clone()).serve_connection(TokioIo::new(io), service).await;
    if let Err(error) = served {
        tracing::debug!(%address, peer = %peer.subject, error = %chain(&error), "a connection ended");
    }
}

struct Refused {
    seen: Seen,
    reason: String,
}

type Tls = tokio_rustls::server::TlsStream<TcpStream>;

async fn admit(
    credentials: &Credentials,
    stream: TcpStream,
    address: SocketAddr,
) -> Result<(Tls, Peer), Refused> {
    let seen = Seen::default();
    let refused = |reason: String| Refused { seen: seen.clone(), reason };
    stream.set_nodelay(true).map_err(|error| refused(error.to_string()))?;
    let config = credentials.server_config(seen.clone()).map_err(|error| refused(error.to_string()))?;
    let io = timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream))
        .await
        .map_err(|_| refused("its TLS handshake took too long".to_owned()))?
        .map_err(|error| refused(chain(&error)))?;
    let shown = io.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let shown = shown.ok_or_else(|| refused("it showed no certificate".to_owned()))?;
    let subject = subject_of(shown).map_err(|error| refused(error.to_string()))?;
    Ok((io, Peer { subject, address }))
}
