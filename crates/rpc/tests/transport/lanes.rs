//! Messages of Raft: order, pipelining, failures.

use crate::cluster::{Cluster, anywhere};
use crate::proxy::Proxy;
use crate::replicas::Replicas;
use base::{NodeId, ShardId};
use bytes::Bytes;
use futures::future::join_all;
use rpc::{Lane, PeerError, RaftPeers};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

const US: NodeId = NodeId(1);
const THEM: NodeId = NodeId(2);
const LONG: Duration = Duration::from_secs(20);

fn text(number: usize) -> Bytes {
    number.to_string().into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_answered_each_for_itself() {
    let cluster = Cluster::new();
    let replicas = Replicas::new();
    let server = cluster.serve(THEM, &replicas).await;
    let peers = cluster.peers(US);
    let peer = peers.peer(THEM);
    for lane in [Lane::Appends, Lane::Heartbeats, Lane::Control] {
        assert_eq!(peer.call(lane, ShardId(3), "hello".into(), LONG).await.unwrap(), "hello");
        let nowhere = peer.call(lane, ShardId(99), Bytes::new(), LONG).await;
        assert_eq!(nowhere, Err(PeerError::NoSuchShard { node: THEM, shard: ShardId(99) }));
        let failed = peer.call(lane, ShardId(98), Bytes::new(), LONG).await;
        assert_eq!(failed, Err(PeerError::Failed { node: THEM, reason: "it burns".to_owned() }));
    }
    assert!(replicas.came.lock().unwrap().iter().all(|(from, ..)| *from == US));
    let large = Bytes::from(vec![7; 9 << 20]);
    assert_eq!(peer.call(Lane::Appends, ShardId(1), large.clone(), LONG).await.unwrap(), large);
    peers.close().await;
    server.close().await;
}

/// The answers are held back until all messages are there: they must have been sent without waiting for any.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_on_their_way_and_keep_their_order() {
    const SHARDS: usize = 8;
    const EACH: usize = 100;
    let cluster = Cluster::new();
    let replicas = Replicas::new();
    let server = cluster.serve(THEM, &replicas).await;
    let peers = cluster.peers(US);
    replicas.gate.send_replace(SHARDS * EACH);
    let senders = (0..SHARDS).map(|shard| {
        let peer = peers.peer(THEM);
        let lane = if shard % 2 == 0 { Lane::Appends } else { Lane::Heartbeats };
        tokio::spawn(async move {
            let calls = (0..EACH).map(|number| peer.call(lane, ShardId(shard as u32), text(number), LONG));
            // Asked for from the last to the first: sending does not wait for that.
            let mut calls: Vec<_> = calls.collect();
            calls.reverse();
            join_all(calls).await
        })
    });
    for sent in join_all(senders.collect::<Vec<_>>()).await {
        let answers: Vec<_> = sent.unwrap().into_iter().map(Result::unwrap).collect();
        assert_eq!(answers, (0..EACH).rev().map(text).collect::<Vec<_>>());
    }
    let mut came: HashMap<ShardId, Vec<Bytes>> = HashMap::new();
    for (_, _, shard, message) in replicas.came.lock().unwrap().iter() {
        came.entry(*shard).or_default().push(message.clone());
    }
    assert_eq!(came.len(), SHARDS);
    for messages in came.values() {
        assert_eq!(*messages, (0..EACH).map(text).collect::<Vec<_>>());
    }
    peers.close().await;
    server.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_nobody_awaits_is_sent_all_the_same() {
    let cluster = Cluster::new();
    let replicas = Replicas::new();
    let server = cluster.serve(THEM, &replicas).await;
    let peers = cluster.peers(US);
    drop(peers.peer(THEM).call(Lane::Control, ShardId(1), "dropped".into(), LONG));
    replicas.reached(1).await;
    peers.close().await;
    server.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_comes_back_is_found_again() {
    let cluster = Cluster::new();
    let replicas = Replicas::new();
    let server = cluster.serve(THEM, &replicas).await;
    let address = server.address();
    let peers = cluster.peers(US);
    let peer = peers.peer(THEM);
    peer.call(Lane::Appends, ShardId(1), "one".into(), LONG).await.unwrap();

    replicas.gate.send_replace(usize::MAX);
    let waiting = peer.call(Lane::Appends, ShardId(1), "two".into(), LONG);
    replicas.reached(2).await;
    server.close().await;
    let broken = waiting.await.unwrap_err();
    assert!(matches!(broken, PeerError::Unreachable { node: THEM, .. }), "{broken}");
    // At once, while the connection is known to be down.
    let begun = Instant::now();
    let mut refused = 0;
    while begun.elapsed() < Duration::from_millis(20) {
        let answer = peer.call(Lane::Appends, ShardId(1), "three".into(), LONG).await;
        assert!(matches!(answer, Err(PeerError::Unreachable { .. })), "{answer:?}");
        refused += 1;
    }
    assert!(refused > 10, "{refused} refusals");

    let again = Replicas::new();
    let server = cluster.serve_at(THEM, address, again.clone()).await;
    while peer.call(Lane::Appends, ShardId(1), "four".into(), LONG).await.is_err() {
        sleep(Duration::from_millis(10)).await;
    }
    assert!(again.came.lock().unwrap().iter().all(|(.., message)| message == "four"));
    peers.close().await;
    server.close().await;
}

/// What waits for a node that reads and does not answer is bounded; others are not held up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_answer_gets_only_so_much() {
    let cluster = Cluster::new();
    let replicas = Replicas::new();
    let server = cluster.serve(THEM, &replicas).await;
    let peers = cluster.peers(US);
    let peer = peers.peer(THEM);
    replicas.gate.send_replace(usize::MAX);
    let late = peer.call(Lane::Control, ShardId(1), Bytes::new(), Duration::from_millis(50)).await;
    assert_eq!(late, Err(PeerError::Late { node: THEM }));

    let megabyte = Bytes::from(vec![0; 1 << 20]);
    let mut waiting = Vec::new();
    let full = loop {
        let mut call = peer.call(Lane::Appends, ShardId(1), megabyte.clone(), LONG);
        match futures::poll!(&mut call) {
            std::task::Poll::Ready(answer) => break answer.unwrap_err(),
            std::task::Poll::Pending => waiting.push(call),
        }
        assert!(waiting.len() < 100, "it takes all");
    };
    assert!(full.to_string().contains("too much waits"), "{full}");
    // The other lanes have room of their own, and go through while appends stand still.
    let before = replicas.came.lock().unwrap().iter().filter(|came| came.1 == Lane::Heartbeats).count();
    drop(peer.call(Lane::Heartbeats, ShardId(1), Bytes::new(), LONG));
    while replicas.came.lock().unwrap().iter().filter(|came| came.1 == Lane::Heartbeats).count() == before {
        sleep(Duration::from_millis(5)).await;
    }
    peers.close().await;
    server.close().await;
}

/// A node whose machine hangs: its connection is given up, and those who wait are told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_node_is_given_up_and_found_again() {
    let cluster = Cluster::new();
    let replicas = Replicas::new();
    let server = cluster.serve(THEM, &replicas).await;
    let proxy = Proxy::before(server.address()).await;
    cluster.place(THEM, proxy.address);
    let peers = cluster.peers(US);
    let peer = peers.peer(THEM);
    peer.call(Lane::Appends, ShardId(1), "one".into(), LONG).await.unwrap();
    proxy.freeze(true);
    let frozen = Instant::now();
    let given_up = peer.call(Lane::Appends, ShardId(1), "two".into(), LONG).await.unwrap_err();
    assert!(matches!(given_up, PeerError::Unreachable { .. }), "{given_up}");
    assert!(frozen.elapsed() < LONG / 2, "it took {:?}", frozen.elapsed());
    assert_eq!(replicas.count(), 1);
    proxy.freeze(false);
    while peer.call(Lane::Appends, ShardId(1), "three".into(), LONG).await.is_err() {
        sleep(Duration::from_millis(10)).await;
    }
    // What was on its way may arrive, but not behind what came on the new connection.
    peer.call(Lane::Appends, ShardId(1), "four".into(), LONG).await.unwrap();
    let came: Vec<Bytes> = replicas.came.lock().unwrap().iter().map(|came| came.3.clone()).collect();
    let late = came.iter().skip_while(|message| *message != "three").find(|message| *message == "two");
    assert_eq!(late, None, "{came:?}");
    peers.close().await;
    server.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_where_the_directory_says_or_in_it() {
    let cluster = Cluster::new();
    let peers = cluster.peers(US);
    let unknown =
        peers.peer(NodeId(7)).call(Lane::Control, ShardId(1), Bytes::new(), LONG).await.unwrap_err();
    assert!(unknown.to_string().contains("directory"), "{unknown}");
    // Another node has the address now.
    let replicas = Replicas::new();
    let server = cluster.serve_at(THEM, anywhere(), replicas.clone()).await;
    cluster.place(NodeId(3), server.address());
    let other = peers.peer(NodeId(3)).call(Lane::Control, ShardId(1), Bytes::new(), LONG).await.unwrap_err();
    assert!(other.to_string().contains("node-3.shard.context-hub"), "{other}");
    assert_eq!(replicas.count(), 0);
    peers.close().await;
    server.close().await;
    let closed = peers.peer(THEM).call(Lane::Control, ShardId(1), Bytes::new(), LONG).await.unwrap_err();
    assert!(closed.to_string().contains("stopping"), "{closed}");
    drop(Arc::new(cluster));
}
