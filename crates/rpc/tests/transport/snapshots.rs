//! Snapshots: paced by the receiver, at most two at once, and complete or failed.

use crate::cluster::Cluster;
use crate::replicas::Replicas;
use base::{NodeId, ShardId};
use bytes::Bytes;
use futures::stream::{StreamExt, iter, repeat_with};
use rpc::{Lane, PeerError, Pieces, RaftPeers, SNAPSHOT_PIECE_BYTES};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const US: NodeId = NodeId(1);
const THEM: NodeId = NodeId(2);
const LONG: Duration = Duration::from_secs(20);

/// As many pieces as are asked for, and how many that were.
fn endless() -> (Pieces, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let piece = Bytes::from(vec![5; SNAPSHOT_PIECE_BYTES]);
    let pieces = repeat_with(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(piece.clone())
    });
    (Box::pin(pieces), asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_arrives_as_it_was_or_not_at_all() {
    let cluster = Cluster::new();
    let replicas = Replicas::new();
    let server = cluster.serve(THEM, &replicas).await;
    let peers = cluster.peers(US);
    let peer = peers.peer(THEM);
    let (pieces, _) = endless();
    let answer = peer.send_snapshot(ShardId(1), "whole".into(), Box::pin(pieces.take(100)), LONG).await;
    assert_eq!(answer.unwrap(), "whole");
    let torn = [Ok(Bytes::from_static(b"piece")), Err(io::Error::other("the disk is gone"))];
    let answer = peer.send_snapshot(ShardId(1), "torn".into(), Box::pin(iter(torn)), LONG).await.unwrap_err();
    assert!(
        matches!(&answer, PeerError::Failed { reason, .. } if reason.contains("the disk is gone")),
        "{answer}"
    );
    let pieces = endless().0.take(3);
    let answer = peer.send_snapshot(ShardId(1), "again".into(), Box::pin(pieces), LONG).await;
    assert_eq!(answer.unwrap(), "again");
    // Of the torn one the receiver may have heard that it is, or that nobody sends it any more.
    let taken = replicas.snapshots.lock().unwrap().clone();
    let whole: Vec<_> = taken.into_iter().filter(|(_, taken)| taken.is_ok()).collect();
    let bytes = |pieces: usize| Ok(pieces * SNAPSHOT_PIECE_BYTES);
    assert_eq!(whole, [("whole".into(), bytes(100)), ("again".into(), bytes(3))]);
    peers.close().await;
    server.close().await;
}

/// Who does not take pieces is sent no more than its window, and the sender gives up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receiver_sets_the_pace() {
    let cluster = Cluster::new();
    let replicas = Replicas::new();
    let server = cluster.serve(THEM, &replicas).await;
    let peers = cluster.peers(US);
    let peer = peers.peer(THEM);
    let (pieces, asked) = endless();
    let silence = Duration::from_millis(500);
    let answer = peer.send_snapshot(ShardId(2), "stuck".into(), pieces, silence).await;
    assert_eq!(answer, Err(PeerError::Late { node: THEM }));
    let megabytes = (asked.load(Ordering::SeqCst) * SNAPSHOT_PIECE_BYTES) >> 20;
    assert!(megabytes < 8, "{megabytes} MiB were read ahead");
    peers.close().await;
    server.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_so_many_wait_for_their_turn() {
    let cluster = Cluster::new();
    let replicas = Replicas::new();
    let server = cluster.serve(THEM, &replicas).await;
    let peers = cluster.peers(US);
    let peer = peers.peer(THEM);
    let mut waiting = Vec::new();
    let full = loop {
        let mut sending = peer.send_snapshot(ShardId(2), Bytes::new(), endless().0, LONG);
        match futures::poll!(&mut sending) {
            std::task::Poll::Ready(answer) => break answer.unwrap_err(),
            std::task::Poll::Pending => waiting.push(sending),
        }
        assert!(waiting.len() < 500, "it takes all");
        // As time goes by they leave the queue for a connection.
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    assert!(full.to_string().contains("too many snapshots"), "{full}");
    peers.close().await;
    server.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_once_go_out_and_two_come_in() {
    let cluster = Cluster::new();
    let replicas = Replicas::new();
    let server = cluster.serve(THEM, &replicas).await;
    let (one, other) = (cluster.peers(US), cluster.peers(NodeId(3)));
    let send = |peers: &rpc::transport::Peers, silence| {
        peers.peer(THEM).send_snapshot(ShardId(2), Bytes::new(), endless().0, silence)
    };
    let stuck = [send(&one, LONG), send(&one, LONG)];
    replicas.taking.subscribe().wait_for(|taking| *taking == 2).await.unwrap();
    // A third waits for its turn here ...
    let third = send(&one, Duration::from_millis(100)).await;
    assert_eq!(third, Err(PeerError::Late { node: THEM }));
    // ... and another node's is refused there. Messages go on.
    let refused = send(&other, LONG).await.unwrap_err();
    assert!(
        matches!(&refused, PeerError::Failed { reason, .. } if reason.contains("2 snapshots")),
        "{refused}"
    );
    one.peer(THEM).call(Lane::Heartbeats, ShardId(1), Bytes::new(), LONG).await.unwrap();
    // Who is not waited for any more stops.
    drop(stuck);
    let again = loop {
        let pieces = endless().0.take(3);
        let answer = other.peer(THEM).send_snapshot(ShardId(1), "next".into(), Box::pin(pieces), LONG).await;
        match answer {
            Ok(answer) => break answer,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    assert_eq!(again, "next");
    one.close().await;
    other.close().await;
    server.close().await;
}
