//! The client's side: HTTP/1.1 and WebSockets by hand, so that it costs less than the servers that it measures.

mod etcd;
mod http1;
mod rest;
mod websocket;

pub use etcd::{EtcdChannel, put_message};
pub use http1::{CallError, Connection, Request, Response};
pub use rest::{Document, Rest, RestError};
pub use websocket::{Socket, SocketError};
