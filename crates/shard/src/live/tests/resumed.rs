//! Sessions that are begun anew for peers that were elsewhere before.
//!
//! The hub that a peer comes from stands for a leader that has lost what it was sent: the peer believes that it has all of it.

use super::world::{Hub, Peer, client_id, converge, until};
use automerge::Automerge;
use automerge::sync::SyncDoc;
use base::{DocId, Level};
use std::sync::atomic::Ordering;

/// A peer that is in sync with a hub.
async fn at(hub: &Hub, id: DocId, doc: Automerge, text: &str) -> Peer {
    let mut peer = hub.peer_with("ada", id, doc).await;
    peer.type_at_end(text);
    converge(hub, "ada", id, &mut [&mut peer]).await;
    peer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_is_asked_for_what_was_lost() {
    let (lost, hub) = (Hub::start().await, Hub::start().await);
    let id = client_id();
    let first = at(&hub, id, Automerge::new(), "kept").await.leave();
    let peer = at(&lost, id, first.fork(), " lost").await;

    let mut peer = hub.resume("ada", id, peer).await;
    assert_ne!(peer.rung.load(Ordering::SeqCst), 0, "there is something to say before the peer says a word");
    assert!(peer.doc.generate_sync_message(&mut peer.state).is_none(), "it would never say it by itself");
    until(&mut [&mut peer], "it is asked", |peers| peers[0].got.messages > 0).await;
    converge(&hub, "ada", id, &mut [&mut peer]).await;
    assert_eq!(hub.text("ada", id).await, "kept lost");
    assert_eq!(peer.got.unavailable, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_whose_birth_was_lost_is_born_again() {
    let (lost, hub) = (Hub::start().await, Hub::start().await);
    let id = client_id();
    let peer = at(&lost, id, Automerge::new(), "mine").await;
    let mut peer = hub.resume("ada", id, peer).await;
    converge(&hub, "ada", id, &mut [&mut peer]).await;
    assert_eq!(hub.text("ada", id).await, "mine");
    assert_eq!(peer.got.unavailable, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_nothing_either_is_told_once_and_goes_on_when_somebody_has() {
    let (elsewhere, hub) = (Hub::start().await, Hub::start().await);
    let id = client_id();
    let mut reader = elsewhere.peer("ada", id).await;
    until(&mut [&mut reader], "it waits", |peers| peers[0].got.unavailable == 1).await;

    let mut reader = hub.resume("ada", id, reader).await;
    until(&mut [&mut reader], "it is told", |peers| peers[0].got.unavailable == 1).await;
    let mut maker = at(&hub, id, Automerge::new(), "now").await;
    converge(&hub, "ada", id, &mut [&mut maker, &mut reader]).await;
    assert_eq!((reader.text().as_str(), reader.got.unavailable), ("now", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_access_any_more_is_told_and_hears_nothing() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    hub.share("ada", id, "bob", Some(Level::Write)).await;
    let mut bob = hub.peer("bob", id).await;
    converge(&hub, "ada", id, &mut [&mut bob]).await;
    hub.share("ada", id, "bob", None).await;

    bob.type_at_end(" more");
    let mut bob = hub.resume("bob", id, bob).await;
    until(&mut [&mut bob], "he is told", |peers| peers[0].got.unavailable == 1).await;
    for _ in 0..20 {
        bob.turn().await;
    }
    assert_eq!((bob.got.messages, bob.got.unavailable), (0, 1));
    assert_eq!(hub.text("ada", id).await, "text");

    // Given back, what he wrote counts.
    hub.share("ada", id, "bob", Some(Level::Write)).await;
    converge(&hub, "ada", id, &mut [&mut bob]).await;
    assert_eq!(hub.text("ada", id).await, "text more");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_is_led_on() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    hub.share("ada", id, "bob", Some(Level::Read)).await;
    let mut bob = hub.peer("bob", id).await;
    converge(&hub, "ada", id, &mut [&mut bob]).await;
    hub.splice("ada", id, 4, " more").await.unwrap();
    let mut bob = hub.resume("bob", id, bob).await;
    converge(&hub, "ada", id, &mut [&mut bob]).await;
    assert_eq!(bob.text(), "text more");
}
