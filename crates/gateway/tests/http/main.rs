//! The gateway over real sockets, in front of a small reference model of the shards.

mod access;
mod authentication;
mod concurrency;
mod connections;
mod documents;
mod errors;
mod idempotency;
mod limits;
mod model;
mod operations;
mod preconditions;
mod support;
