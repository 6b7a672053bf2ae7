//! What peers say to each other.

use bytes::Bytes;

/// The version of the protocol that is spoken here.
pub const PROTOCOL_VERSION: &str = "1";

/// One message. Its texts live in the frame that it came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Message<'a> {
    /// The peer that says it, by the name that it chose.
    pub sender: &'a str,
    /// The peer that it is for; empty in `join` and `leave`.
    pub target: &'a str,
    /// What is said.
    pub body: Body<'a>,
}

/// What is said. A `document` is the text of an id, not looked at yet: see [`document_id`](crate::document_id).
#[derive(Debug, Clone, PartialEq)]
pub enum Body<'a> {
    /// `join`, client to server, the first message of a connection.
    Join {
        /// What the client says of itself.
        metadata: PeerMetadata<'a>,
        /// The versions that it speaks; `None` if it does not say, which means "1".
        versions: Option<Vec<&'a str>>,
    },
    /// `peer`, server to client, the answer to `join`.
    Peer {
        /// What the server says of itself.
        metadata: PeerMetadata<'a>,
        /// The version that is spoken from now on.
        version: &'a str,
    },
    /// `request`: a sync message of a peer that has nothing of the document and wants it.
    Request {
        /// The document.
        document: &'a str,
        /// The sync message.
        data: Bytes,
    },
    /// `sync`: a sync message.
    Sync {
        /// The document.
        document: &'a str,
        /// The sync message.
        data: Bytes,
    },
    /// `doc-unavailable`: there is no such document for the target.
    Unavailable {
        /// The document.
        document: &'a str,
    },
    /// `ephemeral`: something to pass on to everyone at the document, and not to keep.
    Ephemeral {
        /// The document.
        document: &'a str,
        /// The sender's process, by its own name.
        session: &'a str,
        /// Grows within the session.
        count: u64,
        /// CBOR of the application.
        data: Bytes,
    },
    /// `remote-subscription-change`: whose heads the sender wants to hear of.
    RemoteSubscription {
        /// Storage ids from now on.
        add: Vec<&'a str>,
        /// Storage ids no more.
        remove: Vec<&'a str>,
    },
    /// `remote-heads-changed`: what is stored elsewhere.
    RemoteHeads {
        /// The document.
        document: &'a str,
        /// One for each storage id.
        heads: Vec<StoredHeads<'a>>,
    },
    /// `error`: the receiver did something wrong.
    Error {
        /// What.
        message: &'a str,
    },
    /// `leave`: the sender goes.
    Leave,
    /// A type that nobody here knows; to be ignored.
    Unknown {
        /// Its name.
        kind: &'a str,
    },
}

/// What a peer says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeerMetadata<'a> {
    /// Names its storage; several peers may share one.
    pub storage: Option<&'a str>,
    /// Whether it keeps nothing beyond the connection.
    pub ephemeral: Option<bool>,
}

/// The heads of a document in one storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHeads<'a> {
    /// The storage id.
    pub storage: &'a str,
    /// base58check of 32 bytes each.
    pub heads: Vec<&'a str>,
    /// When, in milliseconds since 1970. Exact below 2^53.
    pub timestamp: u64,
}

impl Body<'_> {
    /// The name of its type on the wire.
    pub fn kind(&self) -> &str {
        match self {
            Body::Join { .. } => "join",
            Body::Peer { .. } => "peer",
            Body::Request { .. } => "request",
            Body::Sync { .. } => "sync",
            Body::Unavailable { .. } => "doc-unavailable",
            Body::Ephemeral { .. } => "ephemeral",
            Body::RemoteSubscription { .. } => "remote-subscription-change",
            Body::RemoteHeads { .. } => "remote-heads-changed",
            Body::Error { .. } => "error",
            Body::Leave => "leave",
            Body::Unknown { kind } => kind,
        }
    }
}
