//! The transport between processes, over real sockets on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod cluster;
mod fake;
mod hub;
mod lanes;
mod proxy;
mod refused;
mod replicas;
mod sessions;
mod snapshots;
