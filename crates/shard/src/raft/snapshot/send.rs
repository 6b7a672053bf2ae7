//! Sending a snapshot.

use super::staged::{self, Content, Staged};
use crate::raft::SnapshotData;
use crate::raft::codec::{
    Append, Request, Response, SnapshotMessage, decode_response, encode_request, encode_snapshot_head,
};
use crate::raft::network::{Connection, Shared, failure};
use crate::raft::types::{TakenSnapshot, TypeConfig, Vote};
use bytes::{Bytes, BytesMut};
use futures::stream;
use openraft::errors::{ReplicationClosed, StreamingError, Unreachable};
use openraft::raft::SnapshotResponse;
use rpc::{Lane, PeerError, Pieces, SNAPSHOT_PIECE_BYTES};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// How long the receiver has to show that it is there.
const IS_THERE_WITHIN: Duration = Duration::from_secs(1);

/// Sends a snapshot and waits until it is installed, or until openraft has no use for it any more.
pub(in crate::raft) async fn send<O: Send + Sync + 'static>(
    connection: &Connection,
    vote: Vote,
    snapshot: TakenSnapshot,
    cancel: impl Future<Output = ReplicationClosed> + Send,
    silence: Duration,
) -> Result<SnapshotResponse<TypeConfig<O>>, StreamingError<TypeConfig<O>>> {
    tokio::select! {
        biased;
        closed = cancel => Err(closed.into()),
        sent = send_all(connection, vote, snapshot, silence) => sent,
    }
}

async fn send_all<O: Send + Sync + 'static>(
    connection: &Connection,
    vote: Vote,
    snapshot: TakenSnapshot,
    silence: Duration,
) -> Result<SnapshotResponse<TypeConfig<O>>, StreamingError<TypeConfig<O>>> {
    let network = &connection.network;
    let Some(SnapshotData { position, membership, records }) = snapshot.snapshot else {
        return Err(Unreachable::from_string("there is nothing in the snapshot yet").into());
    };
    // Nobody waits in a queue with a view of the store in hand: openraft comes back with a newer one.
    let Ok(_turn) = network.outgoing.try_acquire() else {
        return Err(Unreachable::from_string("this node sends other snapshots").into());
    };
    is_there(connection, vote).await.map_err(|error| failure::streaming_error(&error))?;
    let _travel = network.sending.begin(connection.group, connection.target, position.index);
    let staged = Staged::new(&network.staging, connection.group, "out");
    let (staged, content) = stage(staged, records).await.map_err(|error| failure::unread(&error))?;
    let Content { records, bytes, hash } = content;
    let envelope = connection.envelope();
    let head = SnapshotMessage { envelope, vote, position, membership, records, bytes, hash };
    let pieces = pieces(&staged, network.clone()).await.map_err(|error| failure::unread(&error))?;
    tracing::info!(group = connection.group, to = connection.target, %position, bytes, "sends a snapshot");
    let sending =
        connection.peer.send_snapshot(connection.shard(), encode_snapshot_head(&head), pieces, silence);
    let answer = sending.await.map_err(|error| failure::streaming_error(&error))?;
    match decode_response(&answer) {
        Ok(Response::Installed { vote }) => Ok(SnapshotResponse::new(vote)),
        other => {
            let node = base::NodeId(connection.target);
            let reason = format!("it answered a snapshot with {other:?}");
            Err(failure::streaming_error(&PeerError::Failed { node, reason }))
        }
    }
}

/// Whether the receiver answers at all: a whole store is not written to a file for a node that is down. What is asked is a
/// heartbeat; what it answers does not matter.
async fn is_there(connection: &Connection, vote: Vote) -> Result<(), PeerError> {
    let heartbeat = Request::Append(Append { vote, previous: None, commit: None, entries: Vec::new() });
    let message = encode_request(connection.envelope(), &heartbeat);
    let asked = connection.peer.call(Lane::Control, connection.shard(), message, IS_THERE_WITHIN);
    asked.await.map(drop)
}

/// Writes the file on a thread that may block; stops soon when nobody waits for it any more.
async fn stage(staged: Staged, records: crate::raft::Records) -> io::Result<(Staged, Content)> {
    struct StopOnDrop(Arc<AtomicBool>);
    impl Drop for StopOnDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let stop = Arc::<AtomicBool>::default();
    let _guard = StopOnDrop(stop.clone());
    let writing = move || staged::write(&staged, records, &stop).map(|content| (staged, content));
    tokio::task::spawn_blocking(writing).await.map_err(io::Error::other)?
}

/// The file in pieces, at the pace of the node.
async fn pieces(staged: &Staged, network: Arc<Shared>) -> io::Result<Pieces> {
    let file = File::open(&staged.path).await?;
    Ok(Box::pin(stream::try_unfold((file, network), async |(mut file, network)| {
        let piece = next_piece(&mut file).await?;
        if piece.is_empty() {
            return Ok(None);
        }
        network.throttle.pass(piece.len()).await;
        Ok(Some((piece, (file, network))))
    })))
}

async fn next_piece(file: &mut File) -> io::Result<Bytes> {
    let mut piece = BytesMut::with_capacity(SNAPSHOT_PIECE_BYTES);
    let mut limited = file.take(SNAPSHOT_PIECE_BYTES as u64);
    while limited.read_buf(&mut piece).await? > 0 {}
    Ok(piece.freeze())
}
