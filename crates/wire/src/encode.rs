//! Messages to frames.

use crate::cbor::Writer;
use crate::message::{Body, Message, PeerMetadata, StoredHeads};
use bytes::Bytes;

/// What the fields of a message take at most besides its texts and payload.
const FIELDS_BYTES: usize = 160;

impl Message<'_> {
    /// The frame.
    pub fn encode(&self) -> Vec<u8> {
        let mut frame =
            Vec::with_capacity(FIELDS_BYTES + self.sender.len() + self.target.len() + self.payload());
        self.encode_to(&mut frame);
        frame
    }

    /// Writes the frame behind what is there already.
    pub fn encode_to(&self, out: &mut Vec<u8>) {
        let payload = self.encode_front(out);
        out.extend_from_slice(&payload);
    }

    /// Writes the frame up to its payload, and gives the payload, which ends it: for writers that do not copy large
    /// ones. A message without payload is written whole, and what is given is empty.
    pub fn encode_front(&self, out: &mut Vec<u8>) -> Bytes {
        let addressed = !matches!(self.body, Body::Join { .. } | Body::Leave);
        let fields = 2 + usize::from(addressed) + own_fields(&self.body);
        let mut writer = Writer::new(out);
        writer.map(fields).text("type").text(self.body.kind()).text("senderId").text(self.sender);
        if addressed {
            writer.text("targetId").text(self.target);
        }
        match body(&mut writer, &self.body) {
            Some(payload) => {
                writer.text("data").bytes_head(payload.len());
                payload.clone()
            }
            None => Bytes::new(),
        }
    }

    /// Bytes of the payload, if the body has one.
    fn payload(&self) -> usize {
        match &self.body {
            Body::Request { data, .. } | Body::Sync { data, .. } | Body::Ephemeral { data, .. } => data.len(),
            _ => 0,
        }
    }
}

/// How many fields [`body`] writes.
fn own_fields(body: &Body<'_>) -> usize {
    match body {
        Body::Join { versions, .. } => 1 + usize::from(versions.is_some()),
        Body::Peer { .. } | Body::Request { .. } | Body::Sync { .. } => 2,
        Body::RemoteSubscription { .. } | Body::RemoteHeads { .. } => 2,
        Body::Unavailable { .. } | Body::Error { .. } => 1,
        Body::Ephemeral { .. } => 4,
        Body::Leave | Body::Unknown { .. } => 0,
    }
}

/// Writes the fields of a body, but for its payload, and gives that.
fn body<'b>(writer: &mut Writer<'_>, body: &'b Body<'_>) -> Option<&'b Bytes> {
    match body {
        Body::Join { metadata, versions } => {
            peer_metadata(writer, metadata);
            if let Some(versions) = versions {
                texts(writer.text("supportedProtocolVersions"), versions);
            }
        }
        Body::Peer { metadata, version } => {
            peer_metadata(writer, metadata);
            writer.text("selectedProtocolVersion").text(version);
        }
        Body::Request { document, data } | Body::Sync { document, data } => {
            writer.text("documentId").text(document);
            return Some(data);
        }
        Body::Unavailable { document } => {
            writer.text("documentId").text(document);
        }
        Body::Ephemeral { document, session, count, data } => {
            writer.text("documentId").text(document).text("sessionId").text(session);
            writer.text("count").number(*count);
            return Some(data);
        }
        Body::RemoteSubscription { add, remove } => {
            texts(writer.text("add"), add);
            texts(writer.text("remove"), remove);
        }
        Body::RemoteHeads { document, heads } => {
            writer.text("documentId").text(document);
            stored_heads(writer.text("newHeads"), heads);
        }
        Body::Error { message } => {
            writer.text("message").text(message);
        }
        Body::Leave | Body::Unknown { .. } => {}
    }
    None
}

fn texts(writer: &mut Writer<'_>, texts: &[&str]) {
    writer.array(texts.len());
    for text in texts {
        writer.text(text);
    }
}

fn peer_metadata(writer: &mut Writer<'_>, metadata: &PeerMetadata<'_>) {
    let PeerMetadata { storage, ephemeral } = metadata;
    writer.text("peerMetadata").map(usize::from(storage.is_some()) + usize::from(ephemeral.is_some()));
    if let Some(storage) = storage {
        writer.text("storageId").text(storage);
    }
    if let Some(ephemeral) = ephemeral {
        writer.text("isEphemeral").bool(*ephemeral);
    }
}

fn stored_heads(writer: &mut Writer<'_>, stored: &[StoredHeads<'_>]) {
    writer.map(stored.len());
    for StoredHeads { storage, heads, timestamp } in stored {
        writer.text(storage).map(2);
        texts(writer.text("heads"), heads);
        writer.text("timestamp").number(*timestamp);
    }
}
