//! Frames to messages.

use crate::cbor::{CborError, Item, Reader};
use crate::message::{Body, Message, PeerMetadata, StoredHeads};
use bytes::Bytes;

/// Why a frame is not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not CBOR.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// CBOR, but not one map.
    #[error("a message is one CBOR map and nothing behind it")]
    NotOneMap,
    /// No `type`, or one that is no text.
    #[error("a message needs a type")]
    NoType,
    /// A message of a known type that lacks a field, or has it in another form.
    #[error("a {kind} message needs {field}")]
    Missing {
        /// The type.
        kind: &'static str,
        /// The field.
        field: &'static str,
    },
}

impl<'a> Message<'a> {
    /// Reads one frame.
    pub fn decode(frame: &'a Bytes) -> Result<Message<'a>, DecodeError> {
        let mut reader = Reader::new(frame);
        let Item::Map(pairs) = reader.item()? else { return Err(DecodeError::NotOneMap) };
        let mut fields = Fields::default();
        for _ in 0..pairs {
            fields.read(&mut reader)?;
        }
        if !reader.is_at_end() {
            return Err(DecodeError::NotOneMap);
        }
        fields.message(frame)
    }
}

/// What a frame holds of the fields that any type has. A field in a form that it never has is as good as absent.
#[derive(Default)]
struct Fields<'a> {
    kind: Option<&'a str>,
    sender: Option<&'a str>,
    target: Option<&'a str>,
    document: Option<&'a str>,
    data: Option<&'a [u8]>,
    count: Option<u64>,
    session: Option<&'a str>,
    message: Option<&'a str>,
    version: Option<&'a str>,
    versions: Option<Vec<&'a str>>,
    metadata: PeerMetadata<'a>,
    add: Vec<&'a str>,
    remove: Vec<&'a str>,
    heads: Option<Vec<StoredHeads<'a>>>,
}

impl<'a> Fields<'a> {
    /// Reads one key and its value.
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), CborError> {
        let key = match reader.item()? {
            Item::Text(key) => key,
            other => {
                reader.skip(other)?;
                ""
            }
        };
        match (key, reader.item()?) {
            ("type", Item::Text(kind)) => self.kind = Some(kind),
            ("senderId", Item::Text(sender)) => self.sender = Some(sender),
            ("targetId", Item::Text(target)) => self.target = Some(target),
            ("documentId", Item::Text(document)) => self.document = Some(document),
            ("data", Item::Bytes(data)) => self.data = Some(data),
            ("count", number) => {
                self.count = whole(number);
                reader.skip(number)?;
            }
            ("sessionId", Item::Text(session)) => self.session = Some(session),
            ("message", Item::Text(message)) => self.message = Some(message),
            ("selectedProtocolVersion", Item::Text(version)) => self.version = Some(version),
            ("supportedProtocolVersions", Item::Array(items)) => self.versions = Some(texts(reader, items)?),
            ("peerMetadata" | "metadata", Item::Map(pairs)) => self.metadata = metadata(reader, pairs)?,
            ("add", Item::Array(items)) => self.add = texts(reader, items)?,
            ("remove", Item::Array(items)) => self.remove = texts(reader, items)?,
            ("newHeads", Item::Map(pairs)) => self.heads = Some(stored_heads(reader, pairs)?),
            (_, other) => reader.skip(other)?,
        }
        Ok(())
    }

    /// Puts together what the type needs.
    fn message(self, frame: &Bytes) -> Result<Message<'a>, DecodeError> {
        let kind = self.kind.ok_or(DecodeError::NoType)?;
        let target = self.target.unwrap_or_default();
        let Some(known) = KINDS.iter().find(|known| **known == kind) else {
            return Ok(Message {
                sender: self.sender.unwrap_or_default(),
                target,
                body: Body::Unknown { kind },
            });
        };
        let missing = |field| DecodeError::Missing { kind: known, field };
        let document = self.document.ok_or(missing("documentId"));
        let data = self.data.map(|data| frame.slice_ref(data)).ok_or(missing("data"));
        let body = match *known {
            "join" => Body::Join { metadata: self.metadata, versions: self.versions },
            "peer" => Body::Peer {
                metadata: self.metadata,
                version: self.version.ok_or(missing("selectedProtocolVersion"))?,
            },
            "request" => Body::Request { document: document?, data: data? },
            "sync" => Body::Sync { document: document?, data: data? },
            "doc-unavailable" => Body::Unavailable { document: document? },
            "ephemeral" => Body::Ephemeral {
                document: document?,
                session: self.session.ok_or(missing("sessionId"))?,
                count: self.count.ok_or(missing("count"))?,
                data: data?,
            },
            "remote-subscription-change" => Body::RemoteSubscription { add: self.add, remove: self.remove },
            "remote-heads-changed" => {
                Body::RemoteHeads { document: document?, heads: self.heads.ok_or(missing("newHeads"))? }
            }
            "error" => Body::Error { message: self.message.unwrap_or_default() },
            _ => Body::Leave,
        };
        Ok(Message { sender: self.sender.ok_or(missing("senderId"))?, target, body })
    }
}

/// The types that mean something.
const KINDS: [&str; 10] = [
    "sync",
    "request",
    "ephemeral",
    "doc-unavailable",
    "join",
    "peer",
    "remote-subscription-change",
    "remote-heads-changed",
    "error",
    "leave",
];

/// A whole number, however it is written.
fn whole(item: Item<'_>) -> Option<u64> {
    match item {
        Item::Unsigned(number) => Some(number),
        Item::Float(number) if number >= 0.0 && number.fract() == 0.0 && number <= SAFE_MAX => {
            Some(number as u64)
        }
        _ => None,
    }
}

/// JavaScript's largest integer that is exact.
const SAFE_MAX: f64 = ((1u64 << 53) - 1) as f64;

/// The texts of a list; what else is in it is passed over.
fn texts<'a>(reader: &mut Reader<'a>, items: u64) -> Result<Vec<&'a str>, CborError> {
    let mut texts = Vec::new();
    for _ in 0..items {
        match reader.item()? {
            Item::Text(text) => texts.push(text),
            other => reader.skip(other)?,
        }
    }
    Ok(texts)
}

fn metadata<'a>(reader: &mut Reader<'a>, pairs: u64) -> Result<PeerMetadata<'a>, CborError> {
    let mut metadata = PeerMetadata::default();
    for _ in 0..pairs {
        let key = reader.item()?;
        reader.skip(key)?;
        match (key, reader.item()?) {
            (Item::Text("storageId"), Item::Text(storage)) => metadata.storage = Some(storage),
            (Item::Text("isEphemeral"), Item::Bool(ephemeral)) => metadata.ephemeral = Some(ephemeral),
            (_, other) => reader.skip(other)?,
        }
    }
    Ok(metadata)
}

fn stored_heads<'a>(reader: &mut Reader<'a>, pairs: u64) -> Result<Vec<StoredHeads<'a>>, CborError> {
    let mut stored = Vec::new();
    for _ in 0..pairs {
        let key = reader.item()?;
        reader.skip(key)?;
        match (key, reader.item()?) {
            (Item::Text(storage), Item::Map(pairs)) => stored.push(heads_of(reader, storage, pairs)?),
            (_, other) => reader.skip(other)?,
        }
    }
    Ok(stored)
}

fn heads_of<'a>(reader: &mut Reader<'a>, storage: &'a str, pairs: u64) -> Result<StoredHeads<'a>, CborError> {
    let mut stored = StoredHeads { storage, heads: Vec::new(), timestamp: 0 };
    for _ in 0..pairs {
        let key = reader.item()?;
        reader.skip(key)?;
        match (key, reader.item()?) {
            (Item::Text("heads"), Item::Array(items)) => stored.heads = texts(reader, items)?,
            (Item::Text("timestamp"), number) => {
                stored.timestamp = whole(number).unwrap_or_default();
                reader.skip(number)?;
            }
            (_, other) => reader.skip(other)?,
        }
    }
    Ok(stored)
}
