//! Several at one document.

use super::world::{Hub, converge};
use automerge::ReadDoc;

#[tokio::test(flavor = "multi_thread")]
async fn two_peers_and_an_editor_type_at_once() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "start. ").await;
    let (mut left, mut right) = (hub.peer("ada", id).await, hub.peer("ada", id).await);
    converge(&hub, "ada", id, &mut [&mut left, &mut right]).await;
    assert_eq!(left.text(), "start. ");
    for round in 0..20 {
        left.type_at_end(&format!("l{round} "));
        right.type_at(0, &format!("r{round} "));
        hub.splice("ada", id, 0, &format!("e{round} ")).await.unwrap();
        left.turn().await;
        right.turn().await;
    }
    converge(&hub, "ada", id, &mut [&mut left, &mut right]).await;
    let text = hub.text("ada", id).await;
    assert_eq!((left.text(), right.text()), (text.clone(), text.clone()));
    for round in 0..20 {
        for who in ["l", "r", "e"] {
            assert_eq!(text.matches(&format!("{who}{round} ")).count(), 1, "{who}{round} in {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_late_gets_it_all() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "").await;
    let mut writer = hub.peer("ada", id).await;
    converge(&hub, "ada", id, &mut [&mut writer]).await;
    for number in 0..700 {
        writer.type_at_end(&format!("{number} "));
        writer.turn().await;
    }
    converge(&hub, "ada", id, &mut [&mut writer]).await;
    let mut late = hub.peer("ada", id).await;
    converge(&hub, "ada", id, &mut [&mut late]).await;
    assert_eq!(late.text(), writer.text());
    // A little behind, by more than what is kept at hand.
    let copy = late.doc.clone();
    for number in 0..600 {
        writer.type_at_end(&format!("{number} "));
        writer.turn().await;
    }
    converge(&hub, "ada", id, &mut [&mut writer]).await;
    let mut back = hub.peer_with("ada", id, copy).await;
    converge(&hub, "ada", id, &mut [&mut back]).await;
    assert_eq!(back.text(), writer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn bells_ring_for_what_others_write() {
    use std::sync::atomic::Ordering;
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "").await;
    let mut reader = hub.peer("ada", id).await;
    converge(&hub, "ada", id, &mut [&mut reader]).await;
    for letter in ["a", "b", "c"] {
        let before = reader.rung.load(Ordering::SeqCst);
        let heads = reader.heads();
        hub.splice("ada", id, 0, letter).await.unwrap();
        assert!(reader.rung.load(Ordering::SeqCst) > before, "rung before the writer has its answer");
        assert!(reader.take());
        assert_ne!(reader.heads(), heads);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_shown_is_lost_when_the_hub_starts_again() {
    let mut hub = Hub::start().await;
    let id = hub.create_text("ada", "start. ").await;
    let (mut left, mut right) = (hub.peer("ada", id).await, hub.peer("ada", id).await);
    converge(&hub, "ada", id, &mut [&mut left, &mut right]).await;
    for round in 0..3 {
        for number in 0..50 {
            left.type_at_end(&format!("l{round}.{number} "));
            right.type_at(0, &format!("r{round}.{number} "));
            left.turn().await;
            right.turn().await;
        }
        let shown = left.state.shared_heads.clone();
        let (left_copy, right_copy) = (left.leave(), right.leave());
        hub.restart().await;
        left = hub.peer_with("ada", id, left_copy).await;
        right = hub.peer_with("ada", id, right_copy).await;
        converge(&hub, "ada", id, &mut [&mut left, &mut right]).await;
        let known = |hash: &automerge::ChangeHash| right.doc.get_change_by_hash(hash).is_some();
        assert!(shown.iter().all(known), "what the hub said it had is there");
    }
    let text = hub.text("ada", id).await;
    assert_eq!(left.text(), text);
    assert_eq!(text.split_whitespace().count(), 1 + 300);
}
