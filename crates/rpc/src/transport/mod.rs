//! The seams between processes: gRPC over one HTTP/2 connection a pair, under mutual TLS 1.3.

mod chain;
mod connection;
mod form;
#[doc(hidden)]
pub mod fuzzing;
mod hub;
#[cfg(test)]
mod proto_tests;
mod raft;
mod rest;
mod server;
pub mod tls;

pub use connection::{Address, WIRE_VERSION, WireVersion};
pub use hub::{Hub, Remote, RemoteConfig, ShardOf};
pub use raft::Peers;
pub use server::{Server, Services};

use base::NodeId;
use std::sync::Arc;

/// Where nodes are, and which names they prove. `None` for a node that nobody knows. Called often; must not block.
pub type Directory = Arc<dyn Fn(NodeId) -> Option<Address> + Send + Sync>;
