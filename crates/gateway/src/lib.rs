//! The client's side of a hub: REST over HTTP/1.1 and HTTP/2, and sockets.
//!
//! A gateway listens, authenticates, limits, and asks the shards; it holds no truth. It knows the words of `base` and
//! the seam of `rpc`, and nothing of how a shard works. A request goes through the files in this order:
//!
//! ```text
//! server/      accept, one connection, the idle watch, stopping
//! service.rs   route ▶ token ▶ at once, or through the gate to a handler
//! router.rs    which resource a path names, which verbs it takes
//! auth/        RS256 tokens
//! request/     bodies, queries, preconditions, preferences, edit ids
//! handlers/    one file for each verb
//! respond.rs   answers, render.rs their JSON, plain/ their lines, problem/ every error
//! patch/       edits as JSON Patch, merge patch, unified diff, search and replace
//! socket/      WebSockets; sync/ what is spoken at /sync, follow/ at /documents/{id}/sync
//! list/        lists across shards
//! feed/        answers that go on: the change feed
//! openapi/     the description of all this, docs/ the pages that show it
//! reach/       the shards of a cluster, behind the same seam as those of one process
//! coding/      gzip and zstd, of answers and of bodies
//! outgoing.rs  room for answers until they are sent
//! exchange.rs  what is counted, logged and added to every answer; cors.rs which pages may read it
//! ```

mod app;
pub mod auth;
mod coding;
mod config;
mod cors;
mod docs;
mod exchange;
mod feed;
mod follow;
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod handlers;
mod list;
mod metrics;
mod openapi;
mod outgoing;
mod patch;
mod plain;
mod problem;
pub mod reach;
mod render;
mod request;
mod request_id;
mod respond;
mod router;
mod server;
mod service;
mod socket;
mod sync;

pub use app::Services;
pub use config::{Config, DRAIN_MAX, FeedConfig, SocketConfig};
pub use cors::{Cors, OriginError};
pub use server::{Gateway, StartError, start};
