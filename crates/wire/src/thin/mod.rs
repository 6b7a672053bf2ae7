//! The messages of the JSON socket, `/documents/{id}/sync`: one JSON object in each text frame, its kind under `type`.
//!
//! It is for clients without a CRDT library. They keep a plain copy of the document, carry out the operations of each
//! update on it (`base::plain::apply`), and send operations against a version that they have seen. `docs/sockets.md`
//! is the reference.
//!
//! - `client`: what a client says;
//! - `hub`: what it hears;
//! - `presence`: what is passed on and not kept, between JSON and the CBOR of automerge-repo.

mod client;
mod hub;
mod presence;

pub use client::{Auth, Edit, FromClient};
pub use hub::{Ack, FromHub, Presence, Problem, Snapshot, Update};
pub use presence::{from_cbor, to_cbor};
