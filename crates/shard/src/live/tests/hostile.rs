//! Peers that break the rules: each ends its own session alone, and is told why.

use super::world::{Hub, Peer, client_id, converge, until};
use base::{DocId, Hash, Limits};
use bytes::Bytes;
use crdt::admit::forge::{Forged, ForgedOp, envelope};
use rpc::Refusal;

const EVE: &[u8] = &[0xee; 16];

/// A sync message of version 1 with a head and chunks of changes.
fn message(head: Hash, chunks: &[Vec<u8>]) -> Bytes {
    let mut bytes = vec![0x42, 1];
    bytes.extend(head.0);
    bytes.extend([0, 0]);
    put(&mut bytes, chunks.len());
    for chunk in chunks {
        put(&mut bytes, chunk.len());
        bytes.extend(chunk);
    }
    bytes.into()
}

fn put(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

async fn at_a_text(hub: &Hub) -> (DocId, Peer) {
    let id = hub.create_text("ada", "text").await;
    let mut ada = hub.peer("ada", id).await;
    converge(hub, "ada", id, &mut [&mut ada]).await;
    (id, ada)
}

/// What the session of a hostile peer ends with, while a sound one goes on.
async fn ends_with(hub: &Hub, id: DocId, ada: &mut Peer, hostile: Bytes) -> String {
    let mut eve = hub.peer("ada", id).await;
    if let Err(refusal) = eve.session.receive(hostile).await {
        eve.got.ended = Some(refusal);
    }
    until(&mut [ada], "ada goes on", |peers| peers[0].got.ended.is_none()).await;
    let started = std::time::Instant::now();
    while eve.got.ended.is_none() {
        assert!(started.elapsed() < super::world::PATIENCE, "the session does not end");
        eve.take();
        tokio::task::yield_now().await;
    }
    let before = ada.text();
    ada.type_at_end(".");
    converge(hub, "ada", id, &mut [ada]).await;
    assert_eq!(hub.text("ada", id).await, format!("{before}."));
    match eve.got.ended {
        Some(Refusal::BadEdit { reason, .. }) => reason,
        other => panic!("not refused as it should be: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_would_break_automerge_end_only_their_session() {
    let hub = Hub::start().await;
    let (id, mut ada) = at_a_text(&hub).await;
    let head = Hash(ada.doc.get_heads()[0].0);
    let on = |ops: Vec<ForgedOp>| Forged { deps: vec![head], start_op: 100, ..Forged::first(EVE, ops) };
    let set = || ForgedOp::set("k", "v");
    let nobody = (1, vec![0x99; 16]);
    let cases: Vec<(&str, Forged)> = vec![
        ("number 7 of its actor", Forged { seq: 7, ..on(vec![set()]) }),
        ("not among its ancestors", on(vec![set().within(&nobody)])),
        ("in an object that does not exist", on(vec![set().within(&(90, EVE.to_vec()))])),
        ("replaces a value that is not there", on(vec![set().replacing(&(99, EVE.to_vec()))])),
        ("up to operation", Forged { start_op: u64::from(u32::MAX) - 1, ..on(vec![set()]) }),
        ("but its dependencies go up to", Forged { start_op: 1, ..on(vec![set()]) }),
    ];
    for (reason, change) in cases {
        let (hash, chunk) = change.chunk();
        let found = ends_with(&hub, id, &mut ada, message(hash, &[chunk])).await;
        assert!(found.contains(reason), "{found} instead of {reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_changes_end_only_their_session() {
    let hub = Hub::start().await;
    let (id, mut ada) = at_a_text(&hub).await;
    let sound = Forged::first(EVE, vec![ForgedOp::set("k", "v")]).chunk();
    let mut flipped = sound.1.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let cases = [
        ("checksum", flipped),
        ("not an Automerge chunk", b"hello".to_vec()),
        ("chunks of type 9", envelope(9, b"body")),
        ("well-formed", envelope(1, b"body")),
    ];
    for (reason, chunk) in cases {
        let found = ends_with(&hub, id, &mut ada, message(sound.0, &[chunk])).await;
        assert!(found.contains(reason), "{found} instead of {reason}");
    }
    let found = ends_with(&hub, id, &mut ada, Bytes::from_static(b"hello")).await;
    assert!(found.contains("not a sync message"), "{found}");
    let found = ends_with(&hub, id, &mut ada, Bytes::new()).await;
    assert!(found.contains("well-formed"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_orphans_than_are_kept_are_refused() {
    let limits = Limits { sync_orphans: 8, ..Limits::default() };
    let hub = Hub::with_limits(limits).await;
    let (id, mut ada) = at_a_text(&hub).await;
    let orphan = |number: u8| {
        let actor = [number; 16];
        let deps = vec![Hash([number; 32])];
        Forged { deps, start_op: 9, ..Forged::first(&actor, vec![ForgedOp::set("k", "v")]) }.chunk()
    };
    let few: Vec<_> = (1..=8).map(|number| orphan(number).1).collect();
    let mut eve = hub.peer("ada", id).await;
    eve.session.receive(message(orphan(1).0, &few)).await.unwrap();
    ada.type_at_end("!");
    converge(&hub, "ada", id, &mut [&mut ada]).await;
    eve.take();
    assert!(eve.got.ended.is_none(), "{:?}", eve.got.ended);

    let many: Vec<_> = (1..=9).map(|number| orphan(number).1).collect();
    let found = ends_with(&hub, id, &mut ada, message(orphan(1).0, &many)).await;
    assert!(found.contains("more than 8 changes"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_come_before_what_they_build_on_wait_for_it() {
    let hub = Hub::start().await;
    let (id, mut ada) = at_a_text(&hub).await;
    let first = Forged::first(EVE, vec![ForgedOp::set("a", "1")]).chunk();
    let second = Forged {
        deps: vec![first.0],
        seq: 2,
        start_op: 2,
        ..Forged::first(EVE, vec![ForgedOp::set("b", "2")])
    };
    let second = second.chunk();
    let eve = hub.peer("ada", id).await;
    eve.session.receive(message(second.0, &[second.1])).await.unwrap();
    // What it waits for comes from somebody else.
    let bob = hub.peer("ada", id).await;
    bob.session.receive(message(first.0, &[first.1])).await.unwrap();
    until(&mut [&mut ada], "both are there", |peers| peers[0].heads().contains(&second.0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_wait_for_different_others_go_on_one_after_the_other() {
    let hub = Hub::start().await;
    let (id, mut ada) = at_a_text(&hub).await;
    let [one, two] = [1u8, 2].map(|actor| {
        let of = |value| Forged::first(&[actor; 16], vec![ForgedOp::set("a", value)]);
        let first = of("1").chunk();
        let second = Forged { deps: vec![first.0], seq: 2, start_op: 2, ..of("2") }.chunk();
        (first, second)
    });
    let eve = hub.peer("ada", id).await;
    let waiting = [one.1.1.clone(), two.1.1.clone()];
    eve.session.receive(message(two.1.0, &waiting)).await.unwrap();
    let bob = hub.peer("ada", id).await;
    for (first, second) in [one, two] {
        bob.session.receive(message(first.0, &[first.1])).await.unwrap();
        until(&mut [&mut ada], "what waited is there", |peers| peers[0].heads().contains(&second.0)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_asks_for_what_does_not_exist_is_left_alone() {
    let hub = Hub::start().await;
    let (id, mut ada) = at_a_text(&hub).await;
    let eve = hub.peer("ada", id).await;
    // Heads and needs that nobody has.
    let mut bytes = vec![0x42, 2];
    bytes.extend([[7; 32], [8; 32]].concat());
    bytes.push(2);
    bytes.extend([[1; 32], [2; 32]].concat());
    bytes.extend([0, 0]);
    for _ in 0..100 {
        eve.session.receive(Bytes::from(bytes.clone())).await.unwrap();
        while eve.session.next().is_some() {}
    }
    ada.type_at_end("!");
    converge(&hub, "ada", id, &mut [&mut ada]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_too_much_is_kept_those_go_that_keep_much() {
    let hub = Hub::start().await;
    let (id, mut ada) = at_a_text(&hub).await;
    let (engine, _, _) = hub.behind(id);
    // Others keep all that may be kept.
    engine.live.figures.holds(0, crate::live::held::ALL_BYTES);
    let orphan = |bytes: usize| {
        let deps = vec![Hash([7; 32])];
        let set = ForgedOp::set("k", &"x".repeat(bytes));
        Forged { deps, start_op: 9, ..Forged::first(&[7; 16], vec![set]) }.chunk()
    };
    let mut ends = Vec::new();
    for bytes in [100, 100_000] {
        let (hash, chunk) = orphan(bytes);
        let mut eve = hub.peer("ada", id).await;
        eve.session.receive(message(hash, &[chunk])).await.unwrap();
        // Behind it in the queue of the document.
        ada.type_at_end("!");
        converge(&hub, "ada", id, &mut [&mut ada]).await;
        eve.take();
        ends.push(eve.got.ended);
    }
    assert!(matches!(ends[..], [None, Some(Refusal::Busy { .. })]), "{ends:?}");
    let all = engine.live.figures.holds(0, 0);
    assert!(all < crate::live::held::ALL_BYTES + (64 << 10), "what has ended is counted still");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_bring_nothing_whole_do_not_wear_each_other_out() {
    let hub = Hub::start().await;
    let id = client_id();
    let orphan = |number: u8| {
        let deps = vec![Hash([number; 32])];
        Forged { deps, start_op: 9, ..Forged::first(&[number; 16], vec![ForgedOp::set("k", "v")]) }.chunk()
    };
    let mut peers = Vec::new();
    for number in 1..=40 {
        let (hash, chunk) = orphan(number);
        let peer = hub.peer("ada", id).await;
        peer.session.receive(message(hash, &[chunk])).await.unwrap();
        peers.push(peer);
    }
    let mut ada = hub.peer("ada", id).await;
    ada.type_at(0, "mine");
    converge(&hub, "ada", id, &mut [&mut ada]).await;
    for peer in &mut peers {
        peer.take();
    }
    assert!(peers.iter().all(|peer| peer.got.ended.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_first_change_makes_no_document() {
    let hub = Hub::start().await;
    let id = client_id();
    let wrong = Forged { seq: 7, ..Forged::first(EVE, vec![ForgedOp::set("k", "v")]) }.chunk();
    let mut eve = hub.peer("eve", id).await;
    eve.session.receive(message(wrong.0, &[wrong.1])).await.unwrap();
    let started = std::time::Instant::now();
    while eve.got.ended.is_none() {
        assert!(started.elapsed() < super::world::PATIENCE, "the session does not end");
        eve.take();
        tokio::task::yield_now().await;
    }
    assert!(hub.read("eve", id).await.is_err());
    // The id is free still.
    let mut ada = hub.peer("ada", id).await;
    ada.type_at(0, "mine");
    converge(&hub, "ada", id, &mut [&mut ada]).await;
}
