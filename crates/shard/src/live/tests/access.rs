//! Who may do what, and what happens when that changes.

use super::world::{Hub, converge, until};
use base::Level;

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_is_not_heard() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    hub.share("ada", id, "bob", Some(Level::Read)).await;
    let (mut ada, mut bob) = (hub.peer("ada", id).await, hub.peer("bob", id).await);
    converge(&hub, "ada", id, &mut [&mut ada, &mut bob]).await;
    bob.type_at(0, "bob ");
    ada.type_at_end(" ada");
    until(&mut [&mut ada, &mut bob], "bob reads on", |peers| peers[1].text().ends_with(" ada")).await;
    assert_eq!(hub.text("ada", id).await, "text ada");
    assert!(bob.got.ended.is_none());

    // Given the right to write, what he wrote meanwhile counts.
    hub.share("ada", id, "bob", Some(Level::Write)).await;
    converge(&hub, "ada", id, &mut [&mut ada, &mut bob]).await;
    assert_eq!(hub.text("ada", id).await, "bob text ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_access_sees_nothing_more_until_it_is_given_back() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    hub.share("ada", id, "bob", Some(Level::Write)).await;
    let (mut ada, mut bob) = (hub.peer("ada", id).await, hub.peer("bob", id).await);
    converge(&hub, "ada", id, &mut [&mut ada, &mut bob]).await;

    hub.share("ada", id, "bob", None).await;
    until(&mut [&mut bob], "bob is told", |peers| peers[0].got.unavailable == 1).await;
    let messages = bob.got.messages;
    bob.type_at(0, "bob ");
    ada.type_at_end(" secret");
    converge(&hub, "ada", id, &mut [&mut ada]).await;
    for _ in 0..20 {
        bob.turn().await;
    }
    assert_eq!((bob.got.messages, bob.got.unavailable), (messages, 1));
    assert_eq!(hub.text("ada", id).await, "text secret");

    hub.share("ada", id, "bob", Some(Level::Write)).await;
    converge(&hub, "ada", id, &mut [&mut ada, &mut bob]).await;
    assert_eq!(hub.text("ada", id).await, "bob text secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_document_stays_deleted_when_an_old_client_returns() {
    let mut hub = Hub::start().await;
    let id = super::world::client_id();
    let mut ada = hub.peer("ada", id).await;
    ada.type_at(0, "text");
    converge(&hub, "ada", id, &mut [&mut ada]).await;
    hub.delete("ada", id).await;
    until(&mut [&mut ada], "it is told", |peers| peers[0].got.unavailable == 1).await;

    let copy = ada.leave();
    hub.restart().await;
    let mut old = hub.peer_with("ada", id, copy).await;
    old.type_at_end(" again");
    until(&mut [&mut old], "it is told", |peers| peers[0].got.unavailable == 1).await;
    assert!(hub.read("ada", id).await.is_err());
}
