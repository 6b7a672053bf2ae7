//! Taking in peers: each proves who it is before a byte of it is read as a call.

use super::settings::{self, HANDSHAKE, Tasks};
use crate::transport::chain::chain;
use crate::transport::tls::{Credentials, Seen, Subject, end_of, over, subject_of};
use base::Timestamp;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;

/// Peers that may be connected at once.
const CONNECTIONS: usize = 1_024;
/// Strangers that may prove themselves at once. They take no room from peers; and of too many the one that came first has
/// to go, so that those who are silent hold up nobody who is not.
const STRANGERS: usize = 256;
/// A peer that has not made its first call by then is not waited for.
const FIRST_CALL: Duration = Duration::from_secs(10);
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
    // Those that came last, also if they have proven themselves since.
    let mut strangers = VecDeque::new();
    loop {
        match socket.accept().await {
            Ok((stream, address)) => {
                let (here, room, crowded) = (accepting.clone(), room.clone(), CancellationToken::new());
                strangers.push_back(crowded.clone());
                if strangers.len() > STRANGERS
                    && let Some(first) = strangers.pop_front()
                {
                    first.cancel();
                }
                accepting.tasks.execute(async move {
                    let admitting = admit(&here.credentials, room, stream, address);
                    match crowded.run_until_cancelled(admitting).await {
                        Some(Ok(admitted)) => serve(&here, admitted).await,
                        Some(Err(Refused { seen, reason })) => {
                            tracing::warn!(%address, certificate = %seen, reason, "a peer was refused");
                        }
                        None => tracing::warn!(%address, "a stranger was refused: too many others came"),
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(accepting: &Accepting, admitted: Admitted) {
    let Admitted { io, peer, end, _place } = admitted;
    let peer = Arc::new(peer);
    let called = Notify::new();
    let service = service_fn(|request| {
        called.notify_one();
        let answer = (accepting.answerer)(peer.clone(), request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let served = settings::server(accepting.tasks.clone()).serve_connection(TokioIo::new(io), service);
    let ended = tokio::select! {
        served = served => served.map_err(|error| chain(&error)),
        () = over(end) => Err("its certificate has ended".to_owned()),
        () = idle(&called) => Err("it made no call in time".to_owned()),
    };
    if let Err(error) = ended {
        tracing::debug!(address = %peer.address, peer = %peer.subject, error, "a connection ended");
    }
}

/// Ready when there was no first call in time; never, if there was.
async fn idle(called: &Notify) {
    if timeout(FIRST_CALL, called.notified()).await.is_ok() {
        std::future::pending().await
    }
}

struct Refused {
    seen: Seen,
    reason: String,
}

/// A peer that has proven itself, and has its place among the others.
struct Admitted {
    io: tokio_rustls::server::TlsStream<TcpStream>,
    peer: Peer,
    /// When its certificate ends, and the connection with it.
    end: Option<Timestamp>,
    _place: OwnedSemaphorePermit,
}

async fn admit(
    credentials: &Credentials,
    room: Arc<Semaphore>,
    stream: TcpStream,
    address: SocketAddr,
) -> Result<Admitted, Refused> {
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
    let end = end_of(shown);
    let place = room.try_acquire_owned();
    let place = place.map_err(|_| refused(format!("{CONNECTIONS} peers are connected already")))?;
    Ok(Admitted { io, peer: Peer { subject, address }, end, _place: place })
}
