//! A client's connection to a server of the automerge-repo protocol, at one document.

use crate::client::Socket;
use anyhow::{Context, Result, bail};
use base::DocId;
use bytes::Bytes;
use rand::Rng;
use std::net::SocketAddr;
use std::rc::Rc;
use wire::{Body, DocumentName, Message, PROTOCOL_VERSION, PeerMetadata};

/// A server of the protocol.
#[derive(Debug, Clone)]
pub struct Host {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The path of its socket.
    pub path: &'static str,
    /// A bearer token, if it wants one.
    pub token: Option<Rc<str>>,
}

impl Host {
    /// Automerge-repo's own server.
    pub fn automerge_repo(addr: SocketAddr) -> Host {
        Host { addr, path: "/", token: None }
    }

    /// A hub, as the user of a token.
    pub fn hub(addr: SocketAddr, token: &str) -> Host {
        Host { addr, path: "/sync", token: Some(token.into()) }
    }

    /// The place of a document that does not exist yet, with an id as clients mint them.
    pub fn new_document(&self) -> Result<Place> {
        let id = uuid::Builder::from_random_bytes(rand::rng().random()).into_uuid();
        let document = DocumentName::from(DocId::from_bytes(*id.as_bytes())?).as_str().into();
        Ok(Place { host: self.clone(), document })
    }
}

/// Where a document is.
#[derive(Debug, Clone)]
pub struct Place {
    /// The server.
    pub host: Host,
    /// The document, as the protocol names it.
    pub document: Rc<str>,
}

/// A connection that has joined.
#[derive(Debug)]
pub struct RepoPeer {
    socket: Socket,
    name: String,
    server: String,
    document: Rc<str>,
    frame: Vec<u8>,
}

impl RepoPeer {
    /// Connects and joins.
    pub async fn open(place: &Place) -> Result<RepoPeer> {
        let Host { addr, path, token } = &place.host;
        let mut socket = Socket::open(*addr, path, token.as_deref()).await?;
        let name = format!("bench-{:032x}", rand::rng().random::<u128>());
        let metadata = PeerMetadata { storage: None, ephemeral: Some(true) };
        let body = Body::Join { metadata, versions: Some(vec![PROTOCOL_VERSION]) };
        socket.send(&Message { sender: &name, target: "", body }.encode())?;
        let answer = socket.next().await?;
        let answer = Message::decode(&answer)?;
        let Body::Peer { .. } = answer.body else { bail!("a join was answered with {answer:?}") };
        let server = answer.sender.to_owned();
        Ok(RepoPeer { socket, name, server, document: place.document.clone(), frame: Vec::new() })
    }

    /// Sends the first sync message of a client that has nothing.
    pub fn request(&mut self, message: Vec<u8>) -> Result<()> {
        self.send(|document, data| Body::Request { document, data }, message)
    }

    /// Sends a sync message.
    pub fn say(&mut self, message: Vec<u8>) -> Result<()> {
        self.send(|document, data| Body::Sync { document, data }, message)
    }

    /// The next sync message. Cancelling it loses nothing.
    pub async fn hear(&mut self) -> Result<Bytes> {
        loop {
            let frame = self.socket.next().await?;
            match Message::decode(&frame).context("not a message of automerge-repo")?.body {
                Body::Sync { document, data } if document == &*self.document => return Ok(data),
                Body::Unavailable { .. } => {
                    bail!("the server says that there is no document {}", self.document)
                }
                Body::Error { message } => bail!("the server says: {message}"),
                _ => {}
            }
        }
    }

    fn send<'a>(&'a mut self, body: impl FnOnce(&'a str, Bytes) -> Body<'a>, data: Vec<u8>) -> Result<()> {
        self.frame.clear();
        let body = body(&self.document, Bytes::from(data));
        Message { sender: &self.name, target: &self.server, body }.encode_to(&mut self.frame);
        Ok(self.socket.send(&self.frame)?)
    }
}
