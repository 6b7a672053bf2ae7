//! Sessions in a cluster: they move with the leader of their shard, and the sockets stay open.

use crate::cluster::Cluster;
use crate::fake::{Mood, WHAT_HAVE_YOU};
use crate::peer::{Peer, doc, name};
use crate::thin::{Thin, followed};
use base::{DocId, Hash, Level, Slot, TenantId, Timestamp, UserId};
use futures::future::join_all;
use rpc::{Bell, Caller, Followed, Join, Live, Refusal, Synced, Update, UpdateParts};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use wire::Body;

/// Longer than anything takes; reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(20);

async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it comes true in time");
}

fn caller() -> Caller {
    Caller { tenant: TenantId::new("acme").unwrap(), user: UserId::new("ada").unwrap() }
}

fn silent() -> Bell {
    Arc::new(|_| {})
}

/// Two peers at document 1, who have heard each other.
async fn two_peers(cluster: &Cluster) -> (crate::support::Hub, Peer, Peer) {
    let hub = cluster.hub().await;
    let mut ada = Peer::of(&hub, "ada", "ada-1").await;
    let mut bob = Peer::of(&hub, "bob", "bob-1").await;
    bob.sync(doc(1), "hello").await;
    bob.settled().await;
    until(|| cluster.fakes[0].joins.lock().len() == 1).await;
    ada.sync(doc(1), "there").await;
    bob.expect_sync(doc(1), b"there").await;
    (hub, ada, bob)
}

#[tokio::test]
async fn peers_move_to_the_new_leader_and_are_asked_for_what_they_have() {
    let cluster = Cluster::of(3);
    let (hub, mut ada, mut bob) = two_peers(&cluster).await;
    assert_eq!(*cluster.fakes[0].joins.lock(), [(doc(1), false); 2]);
    cluster.lead(2);
    for peer in [&mut ada, &mut bob] {
        peer.expect_sync(doc(1), WHAT_HAVE_YOU).await;
    }
    assert_eq!(*cluster.fakes[1].joins.lock(), [(doc(1), true); 2]);
    ada.sync(doc(1), "this").await;
    bob.expect_sync(doc(1), b"this").await;
    // And back, with nobody who names the next one.
    cluster.fakes[1].turn(Mood::Gone);
    cluster.fakes[0].turn(Mood::Leads);
    for peer in [&mut ada, &mut bob] {
        peer.expect_sync(doc(1), WHAT_HAVE_YOU).await;
    }
    hub.stop().await;
    cluster.reach.close().await;
}

#[tokio::test]
async fn what_is_said_while_nobody_leads_is_dropped_and_the_socket_stays() {
    let cluster = Cluster::of(3);
    let (hub, mut ada, mut bob) = two_peers(&cluster).await;
    cluster.fakes.iter().for_each(|fake| fake.turn(Mood::Follows(None)));
    for said in ["lost", "lost, too"] {
        ada.sync(doc(1), said).await;
        let document = &name(doc(1));
        ada.say(Body::Ephemeral { document, session: "s", count: 0, data: "cursor".into() }).await;
        ada.settled().await;
    }
    sleep(Duration::from_millis(700)).await;
    // A shard without a leader is asked now and then, not all the time.
    let joins: usize = cluster.fakes.iter().map(|fake| fake.joins.lock().len()).sum();
    assert!(joins < 60, "{joins}");
    cluster.lead(3);
    for peer in [&mut ada, &mut bob] {
        peer.expect_sync(doc(1), WHAT_HAVE_YOU).await;
    }
    ada.sync(doc(1), "here I am").await;
    bob.expect_sync(doc(1), b"here I am").await;
    hub.stop().await;
}

#[tokio::test]
async fn a_frozen_leader_is_left_once_another_leads_in_a_later_term() {
    let cluster = Cluster::of(3);
    let (hub, mut ada, mut bob) = two_peers(&cluster).await;
    cluster.fakes[0].turn(Mood::Silent);
    // The frozen node never answers for these.
    ada.sync(doc(1), "lost").await;
    ada.sync(doc(1), "lost, too").await;
    cluster.name(2, 1);
    sleep(Duration::from_millis(100)).await;
    assert!(cluster.fakes[1].joins.lock().is_empty(), "nobody leads twice in a term");
    cluster.fakes[1].turn(Mood::Leads);
    cluster.name(2, 2);
    for peer in [&mut ada, &mut bob] {
        peer.expect_sync(doc(1), WHAT_HAVE_YOU).await;
    }
    ada.sync(doc(1), "here I am").await;
    bob.expect_sync(doc(1), b"here I am").await;
    hub.stop().await;
}

/// A node that has not noticed yet that the connection of its sessions broke takes itself for full.
#[tokio::test]
async fn who_had_a_session_outlasts_a_node_that_is_full() {
    let cluster = Cluster::of(3);
    let (hub, mut ada, mut bob) = two_peers(&cluster).await;
    cluster.fakes[1].full_for.store(5, Ordering::Relaxed);
    cluster.lead(2);
    for peer in [&mut ada, &mut bob] {
        peer.expect_sync(doc(1), WHAT_HAVE_YOU).await;
    }
    assert_eq!(cluster.fakes[1].full_for.load(Ordering::Relaxed), 0);
    // Who had none is told.
    cluster.fakes[1].full_for.store(1, Ordering::Relaxed);
    let refused = cluster.reach.join(caller(), Join { id: doc(2), resumed: false, bell: silent() }).await;
    assert!(matches!(refused.err(), Some(Refusal::Busy { .. })));
    hub.stop().await;
}

#[tokio::test]
async fn a_shard_that_is_not_to_be_had_does_not_hold_up_who_joins() {
    let cluster = Cluster::of(3);
    cluster.fakes.iter().for_each(|fake| fake.turn(Mood::Silent));
    let asked = Instant::now();
    let session = cluster.reach.join(caller(), Join { id: doc(1), resumed: false, bell: silent() }).await;
    let session = session.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    // What it says is asked for once there is a leader.
    session.receive("hello".into()).await.unwrap();
    cluster.fakes[1].turn(Mood::Leads);
    cluster.name(2, 2);
    until(|| matches!(session.next(), Some(Synced::Message(message)) if message == WHAT_HAVE_YOU)).await;
    cluster.reach.close().await;
}

#[tokio::test]
async fn who_comes_before_there_is_a_map_does_not_wait_for_anothers_shard() {
    let cluster = Cluster::of(2);
    cluster.map.send_replace(Arc::default());
    cluster.fakes[0].turn(Mood::Silent);
    cluster.fakes[1].turn(Mood::Leads);
    let id = |slot, number| DocId::mint(Slot::new(slot).unwrap(), [number; 16]);
    let join = |id| cluster.reach.join(caller(), Join { id, resumed: false, bell: silent() });
    let frozen = join_all((0..200).map(|number| join(id(1, number)))).await;
    let other = join(id(16_000, 1)).await;
    cluster.split();
    until(|| cluster.fakes[1].joins.lock().len() == 1).await;
    drop((frozen, other));
    cluster.reach.close().await;
}

#[tokio::test]
async fn any_other_end_is_shown() {
    let cluster = Cluster::of(3);
    let (hub, mut ada, mut bob) = two_peers(&cluster).await;
    cluster.relay.document(doc(1)).tell(doc(1), Some(0), &Synced::Ended(Refusal::NotFound));
    ada.expect(Body::Unavailable { document: &name(doc(1)) }).await;
    ada.expect_error("no such document").await;
    cluster.lead(2);
    bob.expect_sync(doc(1), WHAT_HAVE_YOU).await;
    ada.settled().await;
    assert_eq!(cluster.fakes[1].joins.lock().len(), 1, "what is over does not move");
    hub.stop().await;
}

#[tokio::test]
async fn a_socket_outlives_a_shard_that_is_not_to_be_had() {
    let cluster = Cluster::of(3);
    cluster.fakes.iter().for_each(|fake| fake.turn(Mood::Gone));
    let hub = cluster.hub().await;
    let mut ada = Peer::of(&hub, "ada", "ada-1").await;
    ada.sync(doc(1), "hello").await;
    // Nobody waits that long for a thin client's document: it has no other on its socket.
    let follow = rpc::Follow { id: doc(1), since: None, changes: false, bell: silent() };
    let followed = cluster.reach.follow(caller(), follow).await.err();
    assert!(matches!(followed, Some(Refusal::Unavailable { .. })), "{followed:?}");
    sleep(Duration::from_millis(500)).await;
    cluster.lead(2);
    ada.expect_sync(doc(1), WHAT_HAVE_YOU).await;
    hub.stop().await;
}

fn update(from: u64, version: u64) -> Followed {
    Followed::Update(Arc::new(Update::new(UpdateParts {
        from,
        version,
        heads: vec![Hash([2; 32])],
        authors: vec![],
        at: Timestamp(0),
        ops: vec![],
        changes: None,
    })))
}

#[tokio::test]
async fn followers_go_on_from_the_version_that_they_have() {
    let cluster = Cluster::of(3);
    let hub = cluster.hub().await;
    let (path, scene) = followed(&hub).await;
    let mut thin = Thin::of(&hub, "ada", &path).await;
    assert_eq!(*cluster.fakes[0].follows.lock(), [None]);
    scene.show(&update(3, 7));
    scene.show(&Followed::Level(Level::Write));
    assert_eq!(thin.hears().await["version"], 7);
    assert_eq!(thin.hears().await["access"], "write");
    cluster.lead(2);
    until(|| scene.asked.lock().len() == 2).await;
    assert_eq!(*cluster.fakes[1].follows.lock(), [Some(7)]);
    scene.show(&update(7, 9));
    // Each session begins by saying what its client may do; only what is new is told.
    scene.show(&Followed::Level(Level::Write));
    scene.show(&Followed::Level(Level::Read));
    let shown = thin.hears().await;
    assert_eq!((&shown["from"], &shown["version"]), (&json!(7), &json!(9)));
    assert_eq!(thin.hears().await["access"], "read");
    // Frozen this time.
    cluster.fakes[1].turn(Mood::Silent);
    scene.show(&update(9, 10));
    cluster.fakes[2].turn(Mood::Leads);
    cluster.name(3, 5);
    until(|| scene.asked.lock().len() == 3).await;
    assert_eq!(*cluster.fakes[2].follows.lock(), [Some(9)], "what was not shown is not counted");
    scene.show(&update(9, 11));
    assert_eq!(thin.hears().await["version"], 11);
    scene.show(&Followed::Ended(Refusal::NotFound));
    thin.is_closed(4404, "no such document").await;
    hub.stop().await;
}

#[tokio::test]
async fn five_hundred_sessions_do_not_join_at_once() {
    let cluster = Cluster::of(3);
    let join = |n: u8| cluster.reach.join(caller(), Join { id: doc(n), resumed: true, bell: silent() });
    let sessions: Vec<_> = join_all((0..500).map(|n| join(n as u8))).await;
    assert!(sessions.iter().all(Result::is_ok));
    *cluster.fakes[1].slowness.lock() = Duration::from_millis(10);
    cluster.fakes[0].turn(Mood::Silent);
    cluster.fakes[1].turn(Mood::Leads);
    cluster.name(2, 2);
    until(|| cluster.fakes[1].joins.lock().len() == 500).await;
    let at_once = cluster.fakes[1].beginning_max.load(Ordering::Relaxed);
    assert!((2..=64).contains(&at_once), "{at_once}");
    assert!(cluster.fakes[1].joins.lock().iter().all(|(_, resumed)| *resumed));
    sleep(Duration::from_millis(100)).await;
    assert_eq!(cluster.fakes[1].joins.lock().len(), 500, "each once");
    drop(sessions);
    cluster.reach.close().await;
}

#[tokio::test]
async fn a_session_that_is_left_looks_for_no_leader() {
    let cluster = Cluster::of(1);
    let join = || cluster.reach.join(caller(), Join { id: doc(1), resumed: true, bell: silent() });
    let (left, kept) = (join().await.unwrap(), join().await.unwrap());
    for session in [&left, &kept] {
        assert!(matches!(session.next(), Some(Synced::Message(_))));
    }
    cluster.fakes[0].turn(Mood::Gone);
    assert!(left.next().is_none() && kept.next().is_none(), "that the leader is lost is not shown");
    drop(left);
    // Whatever was under way has ended.
    sleep(Duration::from_millis(100)).await;
    cluster.fakes[0].joins.lock().clear();
    cluster.fakes[0].turn(Mood::Leads);
    until(|| kept.next().is_some()).await;
    sleep(Duration::from_millis(600)).await;
    assert_eq!(*cluster.fakes[0].joins.lock(), [(doc(1), true)], "only the one that was kept came back");
    cluster.fakes[0].turn(Mood::Gone);
    assert!(kept.next().is_none());
    // What is closed looks no more.
    cluster.reach.close().await;
    cluster.fakes[0].turn(Mood::Leads);
    sleep(Duration::from_millis(500)).await;
    assert_eq!(cluster.fakes[0].joins.lock().len(), 1);
    assert!(kept.next().is_none() && kept.receive("x".into()).await.is_ok());
}
