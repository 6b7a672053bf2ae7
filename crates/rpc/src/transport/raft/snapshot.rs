//! Snapshots, each on a stream of its own: the receiver's window paces the sender, piece by piece.

use super::lane::said;
use super::message::{Answer, Call, Part, SnapshotPart};
use crate::transport::connection::Requests;
use crate::{PeerError, Pieces, SNAPSHOT_PIECE_BYTES};
use base::{NodeId, ShardId};
use bytes::Bytes;
use futures::stream::unfold;
use futures::{Stream, StreamExt};
use http::uri::PathAndQuery;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

/// Snapshots that go out at once, and that come in at once, in a node: they share its disk with the log.
pub(super) const TRANSFERS_AT_ONCE: usize = 2;
/// Where snapshots are taken in.
pub(super) const PATH: &str = "/context_hub.v1.Raft/Snapshot";

/// A snapshot that is to be sent.
pub(super) struct Transfer {
    shard: ShardId,
    head: Bytes,
    pieces: Pieces,
    silence: Duration,
    answer: oneshot::Sender<Result<Bytes, PeerError>>,
}

impl Transfer {
    pub(super) fn new(
        shard: ShardId,
        head: Bytes,
        pieces: Pieces,
        silence: Duration,
    ) -> (Transfer, oneshot::Receiver<Result<Bytes, PeerError>>) {
        let (answer, reply) = oneshot::channel();
        (Transfer { shard, head, pieces, silence, answer }, reply)
    }
}

/// Sends one, when it is its turn. Whoever asked may go away: then it stops.
pub(super) async fn send(requests: Requests, node: NodeId, turns: Arc<Semaphore>, transfer: Transfer) {
    let Transfer { shard, head, pieces, silence, mut answer } = transfer;
    let sent = async {
        let Ok(_turn) = timeout(silence, turns.acquire()).await else { return Err(PeerError::Late { node }) };
        // One part is in hand while the stream has no room for it.
        let (parts, outgoing) = mpsc::channel(1);
        let outgoing = unfold(outgoing, |mut parts| async move { Some((parts.recv().await?, parts)) });
        let exchanged = exchange(requests, node, outgoing);
        tokio::pin!(exchanged);
        let head = Call { id: 0, shard: shard.0, message: head };
        tokio::select! {
            answered = &mut exchanged => return answered,
            fed = feed(parts, head, pieces, node, silence) => fed?,
        }
        timeout(silence, exchanged).await.unwrap_or(Err(PeerError::Late { node }))
    };
    let result = tokio::select! {
        result = sent => result,
        () = answer.closed() => return,
    };
    // Nobody may be waiting any more.
    let _ = answer.send(result);
}

async fn exchange(
    requests: Requests,
    node: NodeId,
    parts: impl Stream<Item = SnapshotPart> + Send + 'static,
) -> Result<Bytes, PeerError> {
    let unreachable = |reason: String| PeerError::Unreachable { node, reason };
    let mut grpc = requests.grpc();
    grpc.ready().await.map_err(|error| unreachable(error.to_string()))?;
    let codec = ProstCodec::<SnapshotPart, Answer>::default();
    let response = grpc.client_streaming(Request::new(parts), PathAndQuery::from_static(PATH), codec).await;
    response.map_err(|status| unreachable(said(&status)))?.into_inner().into_result(node)
}

/// Puts the parts into the stream. Waits no longer than `silence` for the source or for room.
async fn feed(
    parts: mpsc::Sender<SnapshotPart>,
    head: Call,
    mut pieces: Pieces,
    node: NodeId,
    silence: Duration,
) -> Result<(), PeerError> {
    let put = async |part: Part| match timeout(silence, parts.send(SnapshotPart { part: Some(part) })).await {
        Ok(Ok(())) => Ok(()),
        // The stream is over; its answer says why.
        Ok(Err(_)) => std::future::pending().await,
        Err(_) => Err(PeerError::Late { node }),
    };
    put(Part::Head(head)).await?;
    loop {
        match timeout(silence, pieces.next()).await {
            Ok(Some(Ok(piece))) => put(Part::Piece(piece)).await?,
            Ok(Some(Err(error))) => {
                put(Part::Broken(error.to_string())).await?;
                return Err(PeerError::Failed {
                    node,
                    reason: format!("this node could not read its snapshot: {error}"),
                });
            }
            Ok(None) => return put(Part::End(true)).await,
            Err(_) => return Err(PeerError::Late { node }),
        }
    }
}

/// The head of a snapshot that comes in, if it comes within `limit`.
pub(super) async fn head(parts: &mut Streaming<SnapshotPart>, limit: Duration) -> Result<Call, Status> {
    let late = |_| Status::deadline_exceeded("the head of the snapshot did not come in time");
    let first = timeout(limit, parts.message()).await.map_err(late)??;
    match first.and_then(|first| first.part) {
        Some(Part::Head(head)) => Ok(head),
        _ => Err(Status::invalid_argument("a snapshot begins with its head")),
    }
}

/// The pieces of a snapshot that comes in. An end that the sender did not mark is an error, and so is a piece that does not
/// come within `limit` of being asked for.
pub(super) fn pieces(parts: Streaming<SnapshotPart>, limit: Duration) -> Pieces {
    Box::pin(unfold(Some(parts), move |parts| async move {
        let mut parts = parts?;
        let broken = |reason: String| Some((Err(io::Error::other(reason)), None));
        let Ok(next) = timeout(limit, parts.message()).await else {
            return broken("its sender fell silent".to_owned());
        };
        match next {
            Ok(Some(SnapshotPart { part: Some(Part::Piece(piece)) }))
                if piece.len() <= SNAPSHOT_PIECE_BYTES =>
            {
                Some((Ok(piece), Some(parts)))
            }
            Ok(Some(SnapshotPart { part: Some(Part::End(_)) })) => None,
            Ok(Some(SnapshotPart { part: Some(Part::Broken(reason)) })) => {
                broken(format!("its sender failed: {reason}"))
            }
            Ok(Some(_)) => broken("a piece is too long or of a newer release".to_owned()),
            Ok(None) => broken("its sender stopped before the end".to_owned()),
            Err(status) => broken(said(&status)),
        }
    }))
}
