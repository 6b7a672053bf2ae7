//! Calls of the service of shards, as the gRPC library hands them over.

use super::message::{Frames, HealthAnswer, HealthAsk};
use super::server::HubServer;
use crate::transport::connection::FRAME_BYTES_MAX;
use futures::future::{Ready, ready};
use futures::stream::BoxStream;
use http::{Request, Response};
use hyper::body::Incoming;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;
use tower_service::Service;

/// The stream of requests and sessions.
pub(crate) const CHANNEL: &str = "/context_hub.v1.Shards/Channel";
/// How the shards are.
pub(crate) const HEALTH: &str = "/context_hub.v1.Shards/Health";

/// Answers a call of this service.
pub(crate) async fn answer(server: Arc<HubServer>, request: Request<Incoming>) -> Response<Body> {
    match request.uri().path() {
        CHANNEL => {
            let grpc = Grpc::new(ProstCodec::<Frames, Frames>::default());
            let mut grpc =
                grpc.max_decoding_message_size(FRAME_BYTES_MAX).max_encoding_message_size(FRAME_BYTES_MAX);
            grpc.streaming(ChannelCall(server), request).await
        }
        HEALTH => {
            Grpc::new(ProstCodec::<HealthAnswer, HealthAsk>::default())
                .unary(HealthCall(server), request)
                .await
        }
        _ => Status::unimplemented("shards have no such call").into_http(),
    }
}

struct ChannelCall(Arc<HubServer>);

impl Service<tonic::Request<Streaming<Frames>>> for ChannelCall {
    type Response = tonic::Response<BoxStream<'static, Result<Frames, Status>>>;
    type Error = Status;
    type Future = Ready<Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: tonic::Request<Streaming<Frames>>) -> Self::Future {
        ready(Ok(tonic::Response::new(self.0.channel(request.into_inner()))))
    }
}

struct HealthCall(Arc<HubServer>);

impl Service<tonic::Request<HealthAsk>> for HealthCall {
    type Response = tonic::Response<HealthAnswer>;
    type Error = Status;
    type Future = Ready<Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: tonic::Request<HealthAsk>) -> Self::Future {
        ready(Ok(tonic::Response::new(self.0.health())))
    }
}
