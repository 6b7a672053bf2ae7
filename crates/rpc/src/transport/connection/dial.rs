//! Going to a peer: TCP, TLS, HTTP/2.

use super::hello::Hello;
use super::requests::Requests;
use super::settings::{self, CONNECT, HANDSHAKE, Tasks};
use crate::transport::chain::chain;
use crate::transport::tls::{Credentials, Seen, Subject, end_of, over};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::pin::Pin;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Whom to reach, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Whom its certificate has to name.
    pub subject: Subject,
    /// `host:port`.
    pub place: String,
}

/// A connection that stands. Ready when it has ended; it does nothing unless it is polled, and dropping it ends the
/// connection with all that runs on it.
pub(crate) type Standing = Pin<Box<dyn Future<Output = String> + Send>>;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    #[error("no connection to {place}: {reason}")]
    Connect { place: String, reason: String },
    #[error("{place} showed {seen} where {expected} was expected: {reason}")]
    Refused { place: String, seen: Seen, expected: Subject, reason: String },
}

/// Connects. What the connection runs is tracked by `tasks`.
pub(crate) async fn dial(
    credentials: &Credentials,
    address: &Address,
    hello: Hello,
    tasks: &Tasks,
) -> Result<(Requests, Standing), DialError> {
    let place = || address.place.clone();
    let connect = |reason: String| DialError::Connect { place: place(), reason };
    let stream = timeout(CONNECT, TcpStream::connect(&address.place))
        .await
        .map_err(|_| connect("it did not answer in time".to_owned()))?
        .map_err(|error| connect(error.to_string()))?;
    stream.set_nodelay(true).map_err(|error| connect(error.to_string()))?;

    let seen = Seen::default();
    let config = credentials.client_config(seen.clone()).map_err(|error| connect(error.to_string()))?;
    let name = ServerName::try_from(address.subject.to_string()).expect("a subject is a DNS name");
    let refused = |reason: String| {
        let error = DialError::Refused {
            place: place(),
            seen: seen.clone(),
            expected: address.subject.clone(),
            reason,
        };
        tracing::warn!(address = %address.place, certificate = %seen, expected = %address.subject, %error, "a peer was refused");
        error
    };
    let tls = timeout(HANDSHAKE, TlsConnector::from(config).connect(name, stream))
        .await
        .map_err(|_| connect("its TLS handshake took too long".to_owned()))?
        .map_err(|error| refused(chain(&error)))?;
    let end = tls.get_ref().1.peer_certificates().and_then(<[_]>::first).and_then(end_of);
    // The library runs the connection in a task of its own, which goes on while any stream of it does.
    let tasks = tasks.child();
    let ending = tasks.cancel.clone().drop_guard();
    let shaken = settings::client(tasks).handshake(TokioIo::new(tls));
    let (inner, connection) = timeout(HANDSHAKE, shaken)
        .await
        .map_err(|_| connect("its HTTP/2 handshake took too long".to_owned()))?
        .map_err(|error| connect(chain(&error)))?;
    let standing = Box::pin(async move {
        let _ending = ending;
        tokio::select! {
            ended = connection => match ended {
                Ok(()) => "the connection was closed".to_owned(),
                Err(error) => chain(&error),
            },
            () = over(end) => "its certificate has ended".to_owned(),
        }
    });
    Ok((Requests::new(inner, hello), standing))
}
