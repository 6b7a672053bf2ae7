//! The gateway over real sockets, in front of a small reference model of the shards.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod access;
mod authentication;
mod cluster;
mod concurrency;
mod connections;
mod cors;
mod documents;
mod errors;
mod fake;
mod feed;
mod forms;
mod idempotency;
mod limits;
mod logging;
mod merged;
mod metadata;
mod model;
mod moving;
mod operations;
mod past;
mod patches;
mod peer;
mod preconditions;
mod reach;
mod relay;
mod stage;
mod story;
mod support;
mod sync;
mod thin;
mod tickets;
