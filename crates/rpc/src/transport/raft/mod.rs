//! Messages of Raft between nodes: a stream for each lane of a pair, and one for each snapshot.

mod lane;
mod link;
pub(crate) mod message;
mod peers;
pub(crate) mod route;
mod server;
mod snapshot;
mod turn;

pub use peers::Peers;

pub(crate) use server::RaftServer;
