//! Requests and sessions between a gateway and a node: one stream a pair, on which each has a line of its own.

mod answer;
pub(crate) mod ask;
mod channel;
mod lines;
mod link;
pub(crate) mod message;
mod outbox;
mod panic;
mod remote;
pub(crate) mod route;
mod served;
mod server;
mod session;
mod views;

pub use ask::ShardOf;
pub use remote::{Remote, RemoteConfig};
pub use server::Hub;

pub(crate) use server::HubServer;
