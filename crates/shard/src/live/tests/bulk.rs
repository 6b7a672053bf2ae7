//! Many, much, slow and fast.

use super::world::{Hub, PATIENCE, client_id, compute, converge, until};
use automerge::sync::SyncDoc;
use base::{Limits, heads_tag};
use bytes::Bytes;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn one_client_brings_five_hundred_documents() {
    let hub = Hub::start().await;
    let mut peers = Vec::new();
    for number in 0..500 {
        let id = client_id();
        let mut peer = hub.peer("ada", id).await;
        peer.type_at(0, &format!("document {number}"));
        peers.push((id, peer));
    }
    let started = Instant::now();
    loop {
        let mut missing = 0;
        for (_, peer) in &mut peers {
            peer.turn().await;
            missing += usize::from(peer.state.shared_heads != peer.doc.get_heads());
        }
        if missing == 0 {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{missing} documents are not there");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for (number, (id, _)) in peers.iter().enumerate() {
        assert_eq!(hub.text("ada", *id).await, format!("document {number}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keystroke_gets_past_a_flood() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "start. ").await;
    let (mut bulk, mut person) = (hub.peer("ada", id).await, hub.peer("ada", id).await);
    converge(&hub, "ada", id, &mut [&mut bulk, &mut person]).await;
    for number in 0..1_000 {
        bulk.type_at(0, &number.to_string());
    }
    // All of it comes in one message, and is far more than a batch.
    let flood = bulk.doc.generate_sync_message(&mut bulk.state).unwrap().encode();
    let flooding = bulk.session.clone();
    let flooding = tokio::spawn(async move { flooding.receive(Bytes::from(flood)).await });
    let before = person.got.messages;
    until(&mut [&mut person], "the flood has begun", |peers| peers[0].got.messages > before).await;

    person.type_at_end("X");
    let mine = person.doc.get_heads()[0];
    person.send().await;
    let before = hub.read("ada", id).await.unwrap().view.version;
    until(&mut [&mut person], "the keystroke is there", |peers| peers[0].state.shared_heads.contains(&mine))
        .await;
    let after = hub.read("ada", id).await.unwrap().view.version;
    assert!(after - before < 20, "it waited for {} batches", after - before);
    flooding.await.unwrap().unwrap();
    converge(&hub, "ada", id, &mut [&mut bulk, &mut person]).await;
    assert!(hub.text("ada", id).await.ends_with('X'));
}

/// What others write in every batch must not keep a condition from its answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_does_not_hold_is_told_in_the_middle_of_a_flood() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "start. ").await;
    let mut bulk = hub.peer("ada", id).await;
    converge(&hub, "ada", id, &mut [&mut bulk]).await;
    let tag = async || heads_tag(&hub.read("ada", id).await.unwrap().view.heads);
    let old = tag().await;
    // More batches by far than an edit is tried in.
    for number in 0..12_000 {
        bulk.type_at(0, &number.to_string());
    }
    let flood = bulk.doc.generate_sync_message(&mut bulk.state).unwrap().encode();
    let flooding = bulk.session.clone();
    let flooding = tokio::spawn(async move { flooding.receive(Bytes::from(flood)).await });
    while tag().await == old {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let condition = rpc::Precondition { match_any: Some(vec![old]), ..rpc::Precondition::default() };
    let refused = hub.splice_if("ada", id, 0, "mine", condition).await.map(drop);
    assert!(matches!(refused, Err(rpc::Refusal::Precondition { .. })), "{refused:?}");
    flooding.await.unwrap().unwrap();
    converge(&hub, "ada", id, &mut [&mut bulk]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_never_asks_costs_a_mark() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "").await;
    let (mut writer, mut slow) = (hub.peer("ada", id).await, hub.peer("ada", id).await);
    converge(&hub, "ada", id, &mut [&mut writer, &mut slow]).await;
    for number in 0..200 {
        writer.type_at_end(&format!("{number} "));
        writer.turn().await;
        writer.session.say(said(number));
    }
    converge(&hub, "ada", id, &mut [&mut writer]).await;
    // It hears the newest of what is not kept, and all changes in one message.
    let before = slow.got.messages;
    converge(&hub, "ada", id, &mut [&mut slow]).await;
    assert!(slow.got.messages <= before + 2, "{} messages", slow.got.messages - before);
    assert_eq!(slow.got.said.len(), 32);
    assert_eq!(slow.got.said.last().unwrap().count, 199);
}

fn said(count: u64) -> rpc::Ephemeral {
    let data = Bytes::from_static(b"\xa1\x61x\x01");
    rpc::Ephemeral { sender: "peer".into(), session: "s".into(), count, data }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_kept_reaches_those_who_may_read() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    hub.share("ada", id, "bob", Some(base::Level::Read)).await;
    let (mut ada, mut bob) = (hub.peer("ada", id).await, hub.peer("bob", id).await);
    let mut eve = hub.peer("eve", id).await;
    converge(&hub, "ada", id, &mut [&mut ada, &mut bob]).await;
    eve.turn().await;
    bob.session.say(said(1));
    eve.session.say(said(2));
    until(&mut [&mut ada, &mut eve], "ada hears bob", |peers| !peers[0].got.said.is_empty()).await;
    assert_eq!(ada.got.said[0].count, 1);
    bob.take();
    assert!(bob.got.said.is_empty() && eve.got.said.is_empty());
}

/// Gateways bind names, each for itself: here two of them have let the same one in.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_heard_under_the_name_of_anothers_session() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    hub.share("ada", id, "bob", Some(base::Level::Write)).await;
    let (mut ada, mut bob) = (hub.peer("ada", id).await, hub.peer("bob", id).await);
    let mut hearer = hub.peer("ada", id).await;
    converge(&hub, "ada", id, &mut [&mut ada, &mut bob, &mut hearer]).await;
    ada.session.say(said(1));
    bob.session.say(said(2));
    bob.session.say(rpc::Ephemeral { sender: "bob's".into(), ..said(3) });
    ada.session.say(said(4));
    until(&mut [&mut hearer], "all is heard", |peers| {
        peers[0].got.said.last().is_some_and(|said| said.count == 4)
    })
    .await;
    let heard: Vec<_> = hearer.got.said.iter().map(|said| said.count).collect();
    assert_eq!(heard, [1, 3, 4]);
    // Her session is over, and the name is free.
    ada.leave();
    bob.session.say(said(5));
    until(&mut [&mut hearer], "bob is heard", |peers| {
        peers[0].got.said.last().is_some_and(|said| said.count == 5)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_count_among_what_waits_to_be_heard() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    let (mut ada, mut bob) = (hub.peer("ada", id).await, hub.peer("ada", id).await);
    converge(&hub, "ada", id, &mut [&mut ada, &mut bob]).await;
    for count in 0..4 {
        bob.session.say(rpc::Ephemeral { session: "s".repeat(100 << 10).into(), ..said(count) });
    }
    ada.take();
    assert_eq!(ada.got.said.iter().map(|said| said.count).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_too_much_is_not_heard_for_a_while() {
    use crate::live::Seat;
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    let mut ada = hub.peer("ada", id).await;
    converge(&hub, "ada", id, &mut [&mut ada]).await;
    let (engine, shard, live) = hub.behind(id);
    let join = rpc::Join { id, resumed: false, bell: std::sync::Arc::new(|_| ()) };
    let loud = Seat::take(&engine, &shard, live, super::world::caller("ada"), join).unwrap();
    rpc::SyncSession::say(&loud, said(1));
    loud.session().on_account(|| compute(Duration::from_millis(500)));
    rpc::SyncSession::say(&loud, said(2));
    ada.take();
    assert_eq!(ada.got.said.iter().map(|said| said.count).collect::<Vec<_>>(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_waits_when_too_much_of_it_waits() {
    let hub = Hub::with_limits(Limits { sync_waiting_bytes: 4 << 10, ..Limits::default() }).await;
    let id = hub.create_text("ada", "").await;
    let mut peer = hub.peer("ada", id).await;
    converge(&hub, "ada", id, &mut [&mut peer]).await;
    for _ in 0..10 {
        peer.type_at_end(&"x".repeat(5_000));
        peer.turn().await;
    }
    converge(&hub, "ada", id, &mut [&mut peer]).await;
    assert_eq!(hub.text("ada", id).await.len(), 50_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_megabytes_comes_in_one_message_and_goes_out_in_one() {
    let hub = Hub::start().await;
    let id = client_id();
    let mut maker = hub.peer("ada", id).await;
    let line = "All work and no play makes a long document. ";
    maker.type_at(0, &line.repeat(10_000));
    converge(&hub, "ada", id, &mut [&mut maker]).await;
    let mut reader = hub.peer("ada", id).await;
    converge(&hub, "ada", id, &mut [&mut reader]).await;
    assert_eq!(reader.text(), maker.text());
    assert!(reader.got.messages <= 3, "{} messages", reader.got.messages);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_beyond_the_limit_are_told_to_come_back() {
    use rpc::{Join, Live, Refusal};
    let hub =
        Hub::with_limits(Limits { sync_document_sessions: 2, sync_sessions: 3, ..Limits::default() }).await;
    let id = hub.create_text("ada", "text").await;
    let join = |id| Join { id, resumed: false, bell: std::sync::Arc::new(|_| ()) };
    let (_one, two) = (hub.join("ada", id).await, hub.join("ada", id).await);
    let refused = |answer: Result<_, Refusal>| matches!(answer, Err(Refusal::Busy { .. }));
    let service = hub.service();
    assert!(refused(service.join(super::world::caller("ada"), join(id)).await));
    let _three = hub.join("ada", client_id()).await;
    assert!(refused(service.join(super::world::caller("ada"), join(client_id())).await));
    drop(two);
    service.join(super::world::caller("ada"), join(id)).await.unwrap();
}

#[test]
fn a_session_in_sync_is_small() {
    use crate::live::Session;
    let session = size_of::<Session>() + size_of::<crdt::sync::Peer>();
    assert!(session <= 448, "{session} bytes");
}
