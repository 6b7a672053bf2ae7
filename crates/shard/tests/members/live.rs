//! Who follows a document while its leadership moves.

use crate::cluster::{Cluster, PATIENCE, caller, text as notes};
use crate::peer::Peer;
use crate::{ONE, splice, text};
use base::{DocId, NodeId, ShardId};
use rpc::{At, Follow, FollowSession, Followed, Join, Live, Read, Refusal, Shards};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

const SHARD: ShardId = ShardId(0);

async fn made(cluster: &Cluster, content: &str) -> DocId {
    cluster.ask(|node| async move { node.create(caller("ada"), notes(content)).await }).await.view.id
}

async fn follow(cluster: &Cluster, node: NodeId, id: DocId) -> Result<Arc<dyn FollowSession>, Refusal> {
    let follow = Follow { id, since: None, changes: false, bell: Arc::new(|_| {}) };
    cluster.service(node).follow(caller("ada"), follow).await
}

/// What a follower is told last.
async fn end_of(follower: &dyn FollowSession) -> Refusal {
    let started = Instant::now();
    loop {
        while let Some(next) = follower.next() {
            if let Followed::Ended(refusal) = next {
                return refusal;
            }
        }
        assert!(started.elapsed() < PATIENCE, "it does not end");
        sleep(Duration::from_millis(1)).await;
    }
}

async fn read(cluster: &Cluster, id: DocId) -> String {
    let read = Read { id, at: At::Now, at_least: None };
    let seen = cluster
        .ask(|node| {
            let read = read.clone();
            async move { node.read(caller("ada"), read).await }
        })
        .await;
    text(&seen)
}

fn is_elsewhere(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Elsewhere { shard, .. } if *shard == SHARD)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_follows_a_document_goes_where_its_leader_goes() {
    let cluster = Cluster::start(3, 1).await;
    let id = made(&cluster, "text").await;
    let leader = cluster.leader(SHARD).await;
    let mut peer = Peer::join(&cluster.service(leader), id).await;
    peer.until("it sees the document", |peer| peer.text() == "text").await;
    let follower = follow(&cluster, leader, id).await.unwrap();
    assert!(matches!(follower.next(), Some(Followed::Snapshot(_))));

    cluster.node(leader).give_way(Duration::from_secs(10)).await;
    peer.until("it is sent away", |peer| peer.ended.as_ref().is_some_and(is_elsewhere)).await;
    let refusal = end_of(&*follower).await;
    assert!(is_elsewhere(&refusal), "{refusal}");

    let next = cluster.leader(SHARD).await;
    let node = cluster.service(leader);
    let ask = async || {
        let join = Join { id, resumed: true, bell: Arc::new(|_| {}) };
        let joined = node.join(caller("ada"), join).await.map(drop);
        [joined, follow(&cluster, leader, id).await.map(drop)]
    };
    cluster.until_named(leader, SHARD, ask).await;

    peer.go_on(&cluster.service(next)).await;
    peer.type_at_end("!");
    peer.turn().await;
    let started = Instant::now();
    while read(&cluster, id).await != "text!" {
        assert!(started.elapsed() < PATIENCE, "what the peer types does not arrive");
        peer.turn().await;
    }
    drop((peer, follower));
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_leader_took_and_lost_is_asked_for_by_the_next() {
    let cluster = Cluster::start(3, 1).await;
    let id = made(&cluster, "text").await;
    let leader = cluster.leader(SHARD).await;
    let mut peer = Peer::join(&cluster.service(leader), id).await;
    peer.until("it sees the document", |peer| peer.text() == "text").await;

    cluster.cut_off(leader);
    peer.type_at_end(" lost");
    peer.turn().await;
    peer.until("it is sent away", |peer| peer.ended.as_ref().is_some_and(is_elsewhere)).await;
    let started = Instant::now();
    let next = loop {
        let next = cluster.leader(SHARD).await;
        if next != leader {
            break next;
        }
        assert!(started.elapsed() < PATIENCE, "nobody takes over");
        sleep(Duration::from_millis(10)).await;
    };
    let seen =
        cluster.service(next).read(caller("ada"), Read { id, at: At::Now, at_least: None }).await.unwrap();
    assert_eq!(text(&seen), "text", "the leader that was cut off took it along");

    peer.go_on(&cluster.service(next)).await;
    let started = Instant::now();
    while read(&cluster, id).await != "text lost" {
        assert!(started.elapsed() < PATIENCE, "what was lost does not come again");
        peer.turn().await;
        sleep(Duration::from_millis(1)).await;
    }
    drop(peer);
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_at_a_leader_that_is_deposed_says_whether_it_may_have_been_done() {
    let cluster = Cluster::start(3, 1).await;
    let id = made(&cluster, "text").await;
    let leader = cluster.leader(SHARD).await;
    cluster.cut_off(leader);
    let node = cluster.service(leader);
    // Some are on their way together, some wait behind them.
    let writes = (0..8).map(|number| node.write(caller("ada"), splice(id, &number.to_string())));
    let answers = timeout(Duration::from_secs(30), futures::future::join_all(writes)).await.unwrap();
    for answer in answers {
        let refusal = answer.unwrap_err();
        let honest =
            is_elsewhere(&refusal) || matches!(refusal, Refusal::Unknown { shard } if shard == SHARD);
        assert!(honest, "{refusal}");
    }
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_comes_back_shows_what_was_written_meanwhile() {
    let cluster = Cluster::start(3, 1).await;
    let id = made(&cluster, "text").await;
    cluster.until_led_by(SHARD, ONE).await;
    let mut peer = Peer::join(&cluster.service(ONE), id).await;
    peer.until("it sees the document", |peer| peer.text() == "text").await;
    let follower = follow(&cluster, ONE, id).await.unwrap();
    assert!(matches!(follower.next(), Some(Followed::Snapshot(_))));
    assert_eq!(read(&cluster, id).await, "text");

    for round in 1..=3 {
        cluster.node(ONE).give_way(Duration::from_secs(10)).await;
        let write = splice(id, &format!("{round} "));
        let wrote = cluster
            .ask(|node| {
                let write = write.clone();
                async move { node.write(caller("ada"), write).await }
            })
            .await;
        let wanted = text(&wrote);
        cluster.until_led_by(SHARD, ONE).await;
        let node = cluster.service(ONE);
        let seen = node.read(caller("ada"), Read { id, at: At::Now, at_least: None }).await.unwrap();
        assert_eq!(text(&seen), wanted);
        // Nobody writes any more: what is shown was there when the reign began.
        peer.go_on(&node).await;
        peer.until("it sees what was written elsewhere", |peer| peer.text() == wanted).await;
        let again = follow(&cluster, ONE, id).await.unwrap();
        let Some(Followed::Snapshot(seen)) = again.next() else {
            panic!("a follower sees the document first")
        };
        assert_eq!(text(&seen), wanted);
    }
    assert!(is_elsewhere(&end_of(&*follower).await));
    drop((peer, follower));
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_whom_nobody_hears_for_a_while_goes_on_without_what_it_did_not_know() {
    let cluster = Cluster::start(3, 1).await;
    let id = made(&cluster, "text").await;
    let leader = cluster.leader(SHARD).await;
    let mut peer = Peer::join(&cluster.service(leader), id).await;
    peer.until("it sees the document", |peer| peer.text() == "text").await;

    // The others hear nobody either, so that nobody is elected.
    let others = cluster.others(leader);
    others.iter().for_each(|node| cluster.cut_off(*node));
    peer.type_at_end("!");
    peer.turn().await;
    peer.until("it is sent away", |peer| peer.ended.as_ref().is_some_and(is_elsewhere)).await;
    others.iter().for_each(|node| cluster.heal(*node));

    let started = Instant::now();
    while read(&cluster, id).await != "text!" {
        assert!(started.elapsed() < PATIENCE, "what was sent does not arrive");
        let next = cluster.leader(SHARD).await;
        if peer.ended.is_some() {
            peer.go_on(&cluster.service(next)).await;
        }
        peer.turn().await;
    }
    drop(peer);
    cluster.stop_all().await;
}
