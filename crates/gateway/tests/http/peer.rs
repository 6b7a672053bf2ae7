//! A client of `/sync`, on a real socket.

use crate::support::{Hub, token};
use base::{DocId, Slot};
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use hyper::Request;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Message as Frame;
use tokio_tungstenite::{WebSocketStream, client_async};
use wire::{Body, DocumentName, Message, PeerMetadata};

/// Longer than anything takes; reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Peer {
    pub socket: WebSocketStream<TcpStream>,
    name: String,
    pub hub: String,
}

/// A request for a socket at this path.
pub fn request(hub: &Hub, path: &str) -> Request<()> {
    format!("ws://{}{path}", hub.addr()).into_client_request().unwrap()
}

/// The same, of a user of Acme.
pub fn request_of(hub: &Hub, user: &str) -> Request<()> {
    let mut request = request(hub, "/sync");
    let token = format!("Bearer {}", token("acme", user));
    request.headers_mut().insert("authorization", token.parse().unwrap());
    request
}

pub fn doc(number: u8) -> DocId {
    DocId::mint(Slot::new(7).unwrap(), [number; 16])
}

pub fn name(id: DocId) -> String {
    DocumentName::from(id).to_string()
}

impl Peer {
    /// Opens a socket; every request for one is taken.
    pub async fn open(hub: &Hub, request: Request<()>) -> Peer {
        let stream = TcpStream::connect(hub.addr()).await.unwrap();
        let (socket, answer) = client_async(request, stream).await.unwrap();
        assert_eq!(answer.status(), 101);
        Peer { socket, name: String::new(), hub: String::new() }
    }

    /// Opens a socket and joins under this name.
    pub async fn join(hub: &Hub, request: Request<()>, name: &str) -> Peer {
        let mut peer = Peer::open(hub, request).await;
        peer.name = name.to_owned();
        peer.ask_to_join().await;
        let Heard::Message(answer) = peer.hear().await else { panic!("no peer message") };
        let answer = Message::decode(&answer).unwrap();
        let metadata = PeerMetadata { storage: None, ephemeral: Some(true) };
        assert_eq!((answer.target, answer.body), (name, Body::Peer { metadata, version: "1" }));
        peer.hub = answer.sender.to_owned();
        peer
    }

    /// A peer of a user of Acme.
    pub async fn of(hub: &Hub, user: &str, name: &str) -> Peer {
        Peer::join(hub, request_of(hub, user), name).await
    }

    pub fn named(mut self, name: &str) -> Peer {
        self.name = name.to_owned();
        self
    }

    pub async fn ask_to_join(&mut self) {
        let metadata = PeerMetadata { storage: None, ephemeral: Some(true) };
        self.say(Body::Join { metadata, versions: Some(vec!["1"]) }).await;
    }

    pub async fn say(&mut self, body: Body<'_>) {
        let frame = Message { sender: &self.name, target: &self.hub, body }.encode();
        self.send(frame).await;
    }

    pub async fn sync(&mut self, id: DocId, data: impl Into<Bytes>) {
        self.say(Body::Sync { document: &name(id), data: data.into() }).await;
    }

    pub async fn send(&mut self, frame: Vec<u8>) {
        self.socket.send(Frame::binary(frame)).await.unwrap();
    }

    /// The next thing that the hub says.
    pub async fn hear(&mut self) -> Heard {
        timeout(PATIENCE, self.hear_at_last()).await.expect("the hub says something in time")
    }

    async fn hear_at_last(&mut self) -> Heard {
        loop {
            match self.socket.next().await {
                Some(Ok(Frame::Binary(frame))) => return Heard::Message(frame),
                Some(Ok(Frame::Close(Some(close)))) => {
                    return Heard::Closed(close.code.into(), close.reason.as_str().to_owned());
                }
                Some(Ok(_)) => {}
                other => panic!("the hub went away without a word: {other:?}"),
            }
        }
    }

    /// Waits until all that was said has been heard by the sessions.
    pub async fn settled(&mut self) {
        self.say(Body::Request { document: "no id", data: Bytes::new() }).await;
        self.expect(Body::Unavailable { document: "no id" }).await;
    }

    /// Expects the next message to be this.
    pub async fn expect(&mut self, body: Body<'_>) {
        match self.hear().await {
            Heard::Message(frame) => assert_eq!(Message::decode(&frame).unwrap().body, body),
            closed => panic!("expected {body:?}, but {closed:?}"),
        }
    }

    pub async fn expect_sync(&mut self, id: DocId, data: &[u8]) {
        self.expect(Body::Sync { document: &name(id), data: Bytes::copy_from_slice(data) }).await;
    }

    /// Expects an error message that says this.
    pub async fn expect_error(&mut self, part: &str) {
        let message = self.hear_error().await;
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }

    /// Expects an error message, and gives what it says.
    pub async fn hear_error(&mut self) -> String {
        let Heard::Message(frame) = self.hear().await else { panic!("no error message") };
        let Body::Error { message } = Message::decode(&frame).unwrap().body else { panic!("{frame:?}") };
        message.to_owned()
    }

    /// Waits for the end, and expects it to be this one.
    pub async fn expect_close(&mut self, code: u16, part: &str) {
        loop {
            if let Heard::Closed(found, reason) = self.hear().await {
                assert_eq!(found, code, "{reason}");
                assert!(reason.contains(part), "{reason:?} does not say {part:?}");
                return;
            }
        }
    }
}

#[derive(Debug)]
pub enum Heard {
    Message(Bytes),
    Closed(u16, String),
}
