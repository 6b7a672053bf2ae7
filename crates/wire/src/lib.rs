//! What goes over sockets. Here the messages of the automerge-repo network protocol, version "1": one CBOR map in each
//! binary WebSocket message. Those of the JSON socket are in [`thin`].
//!
//! Pure and total: any bytes decode to a [`Message`] or to a named [`DecodeError`], in time and memory linear in their
//! length. Both sides of a connection are here, so that clients, load generators and tests speak through the same code.
//!
//! Decoding takes what the JavaScript library writes, which is more than minimal CBOR: lengths longer than needed,
//! `undefined` for what is absent, large integers as floats, keys in any order, keys that nobody knows. Encoding
//! writes minimal CBOR, and never an integer of eight bytes: the library would read it as a `BigInt`.
//!
//! Texts and payloads of a decoded message are slices of its frame; nothing is copied.

mod cbor;
mod decode;
mod document;
mod encode;
mod message;
pub mod thin;

pub use cbor::CborError;
pub use decode::DecodeError;
pub use document::{DocumentName, document_id};
pub use message::{Body, Message, PROTOCOL_VERSION, PeerMetadata, StoredHeads};
