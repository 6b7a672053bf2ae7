//! Calls of the Raft service, as the gRPC library hands them over.

use super::lane::path;
use super::message::{Answer, Answers, Calls, SnapshotPart};
use super::server::RaftServer;
use super::snapshot;
use crate::Lane;
use crate::transport::connection::{FRAME_BYTES_MAX, LinkId};
use base::NodeId;
use futures::future::{BoxFuture, Ready, ready};
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

const LANES: [Lane; 3] = [Lane::Heartbeats, Lane::Appends, Lane::Control];

/// Where all calls of Raft are.
#[cfg(test)]
pub(crate) fn paths() -> [String; 4] {
    let [heartbeats, appends, control] = LANES.map(|lane| path(lane).path().to_owned());
    [heartbeats, appends, control, snapshot::PATH.to_owned()]
}

/// A call whose caller is known.
#[derive(Clone)]
pub(crate) struct Call {
    pub server: Arc<RaftServer>,
    pub from: NodeId,
    pub link: LinkId,
}

impl Call {
    /// Answers, if the path is one of Raft's.
    pub(crate) async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        let lane = LANES.into_iter().find(|lane| path(*lane).path() == request.uri().path());
        match lane {
            Some(lane) => {
                grpc(ProstCodec::<Answers, Calls>::default()).streaming(LaneCall(self, lane), request).await
            }
            None if request.uri().path() == snapshot::PATH => {
                let codec = ProstCodec::<Answer, SnapshotPart>::default();
                grpc(codec).client_streaming(SnapshotCall(self), request).await
            }
            None => Status::unimplemented("Raft has no such call").into_http(),
        }
    }
}

fn grpc<C: tonic::codec::Codec>(codec: C) -> Grpc<C> {
    Grpc::new(codec).max_decoding_message_size(FRAME_BYTES_MAX).max_encoding_message_size(FRAME_BYTES_MAX)
}

struct LaneCall(Call, Lane);

impl Service<tonic::Request<Streaming<Calls>>> for LaneCall {
    type Response = tonic::Response<BoxStream<'static, Result<Answers, Status>>>;
    type Error = Status;
    type Future = Ready<Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: tonic::Request<Streaming<Calls>>) -> Self::Future {
        let LaneCall(Call { server, from, link }, lane) = self;
        ready(server.lane(*from, *link, *lane, request.into_inner()).map(tonic::Response::new))
    }
}

struct SnapshotCall(Call);

impl Service<tonic::Request<Streaming<SnapshotPart>>> for SnapshotCall {
    type Response = tonic::Response<Answer>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: tonic::Request<Streaming<SnapshotPart>>) -> Self::Future {
        let Call { server, from, .. } = self.0.clone();
        Box::pin(async move { server.snapshot(from, request.into_inner()).await.map(tonic::Response::new) })
    }
}
