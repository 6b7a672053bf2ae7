//! A peer's socket at `/sync`, once it has joined.

use std::io;

use bench::client::{Socket, SocketError};
use bytes::Bytes;
use wire::{Body, DecodeError, Message, PROTOCOL_VERSION, PeerMetadata};

/// A socket that has joined.
pub struct Link {
    socket: Socket,
    name: String,
    hub: String,
}

/// What the hub says of a document.
pub enum Heard {
    /// A sync message.
    Sync {
        /// The document, as the protocol names it.
        document: String,
        /// The message.
        data: Bytes,
    },
    /// Nothing that a peer has to act on.
    Nothing,
}

/// Why there is no socket any more.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The socket ended.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The gateway's name leads nowhere.
    #[error("the gateway has no address")]
    Address(#[source] io::Error),
    /// What came is no message.
    #[error("the hub sent what is no message of automerge-repo")]
    Message(#[from] DecodeError),
    /// A join was not answered as the protocol says.
    #[error("a join was answered with {0:?}")]
    Join(String),
    /// The hub says that this peer did something wrong.
    #[error("the hub says: {0}")]
    Refused(String),
    /// The sync messages of a document cannot be.
    #[error("a sync message of {document} makes no sense: {why}")]
    Sync {
        /// The document, as the protocol names it.
        document: String,
        /// What is wrong.
        why: String,
    },
}

impl Link {
    /// Connects to a gateway's URL and joins under this name.
    pub async fn open(gateway: &str, token: &str, name: &str) -> Result<Link, Broken> {
        let authority = gateway.trim_start_matches("http://").trim_end_matches('/');
        let mut addresses = tokio::net::lookup_host(authority).await.map_err(Broken::Address)?;
        let address = addresses.next().ok_or_else(|| Broken::Address(io::ErrorKind::NotFound.into()))?;
        let mut socket = Socket::open(address, "/sync", Some(token)).await?;
        let metadata = PeerMetadata { storage: None, ephemeral: Some(true) };
        let body = Body::Join { metadata, versions: Some(vec![PROTOCOL_VERSION]) };
        socket.send(&Message { sender: name, target: "", body }.encode())?;
        let answer = socket.next().await?;
        let answer = Message::decode(&answer)?;
        let Body::Peer { .. } = answer.body else { return Err(Broken::Join(answer.body.kind().to_owned())) };
        Ok(Link { hub: answer.sender.to_owned(), name: name.to_owned(), socket })
    }

    /// Sends a sync message; `is_request` says that the peer has nothing of the document.
    pub fn say(&mut self, document: &str, data: Vec<u8>, is_request: bool) -> Result<(), Broken> {
        let data = Bytes::from(data);
        let body = match is_request {
            true => Body::Request { document, data },
            false => Body::Sync { document, data },
        };
        Ok(self.socket.send(&Message { sender: &self.name, target: &self.hub, body }.encode())?)
    }

    /// The next message. Cancelling it loses nothing.
    pub async fn hear(&mut self) -> Result<Heard, Broken> {
        let frame = self.socket.next().await?;
        match Message::decode(&frame)?.body {
            Body::Sync { document, data } => Ok(Heard::Sync { document: document.to_owned(), data }),
            Body::Error { message } => Err(Broken::Refused(message.to_owned())),
            // A document that is not there for the moment arrives when it is.
            _ => Ok(Heard::Nothing),
        }
    }
}
