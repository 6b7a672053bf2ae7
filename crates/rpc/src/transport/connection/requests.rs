//! Calls on one HTTP/2 connection, as the gRPC library makes them.

use super::hello::Hello;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::client::Grpc;
use tower_service::Service;

/// The longest message that is taken from a peer, with what it is wrapped in.
pub(crate) const FRAME_BYTES_MAX: usize = 72 << 20;

/// One connection; clones share it.
#[derive(Clone)]
pub(crate) struct Requests {
    inner: SendRequest<Body>,
    hello: Hello,
}

impl Requests {
    pub(super) fn new(inner: SendRequest<Body>, hello: Hello) -> Requests {
        Requests { inner, hello }
    }

    /// A client for one call. `http://member` stands for the one peer of the connection.
    pub(crate) fn grpc(&self) -> Grpc<Requests> {
        Grpc::with_origin(self.clone(), http::Uri::from_static("https://member"))
            .max_decoding_message_size(FRAME_BYTES_MAX)
            .max_encoding_message_size(FRAME_BYTES_MAX)
    }
}

impl Service<Request<Body>> for Requests {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Incoming>, hyper::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        self.hello.write(request.headers_mut());
        Box::pin(self.inner.send_request(request))
    }
}
