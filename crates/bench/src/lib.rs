//! Measures a hub from outside, next to a peer that does the same work.
//!
//! A figure is worth something only if both sides are measured alike, so there is one of everything: one closed loop
//! ([`measure`]), one way to start a server on its own core ([`server`]), one client ([`client`]). A benchmark of
//! [`suite`] says only what one operation is, on either side, and what must hold. [`paper`] drives a hub with a real
//! editing history; it proves merging rather than speed, and is here because it needs the same client.

pub mod client;
pub mod crowd;
pub mod measure;
pub mod paper;
pub mod server;
pub mod suite;
