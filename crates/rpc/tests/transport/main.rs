//! The transport between processes, over real sockets on loopback.

mod cluster;
mod lanes;
mod proxy;
mod refused;
mod replicas;
mod snapshots;
