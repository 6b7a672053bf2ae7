//! The client's side of the closed loop: HTTP/1.1 by hand, so that it costs less than the servers that it measures.

mod etcd;
mod http1;
mod rest;

pub use etcd::{EtcdChannel, put_message};
pub use http1::{CallError, Connection, Request, Response};
pub use rest::{Document, Rest, RestError};
