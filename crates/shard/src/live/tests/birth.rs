//! Documents that clients bring.

use super::world::{Hub, client_id, converge, until};
use automerge::transaction::Transactable;
use automerge::{Automerge, ROOT};
use base::{Level, Shape};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_brings_becomes_its_users() {
    let hub = Hub::start().await;
    let id = client_id();
    let mut ada = hub.peer("ada", id).await;
    ada.type_at(0, "hello");
    converge(&hub, "ada", id, &mut [&mut ada]).await;
    let seen = hub.read("ada", id).await.unwrap();
    assert_eq!((&*seen.view.name, seen.view.shape, seen.level), ("", Shape::Text, Level::Owner));
    assert_eq!(hub.text("ada", id).await, "hello");
    assert!(hub.read("bob", id).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_map_becomes_json() {
    let hub = Hub::start().await;
    let id = client_id();
    let mut doc = Automerge::new();
    doc.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, "n", 1)).unwrap();
    let mut ada = hub.peer_with("ada", id, doc).await;
    converge(&hub, "ada", id, &mut [&mut ada]).await;
    assert_eq!(hub.read("ada", id).await.unwrap().view.shape, Shape::Json);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_comes_first_waits_a_little_and_then_goes_on_by_itself() {
    let hub = Hub::start().await;
    let id = client_id();
    let mut reader = hub.peer("ada", id).await;
    until(&mut [&mut reader], "it is told that there is nothing", |peers| peers[0].got.unavailable == 1)
        .await;
    let mut maker = hub.peer("ada", id).await;
    maker.type_at(0, "now");
    converge(&hub, "ada", id, &mut [&mut maker, &mut reader]).await;
    assert_eq!((reader.text().as_str(), reader.got.unavailable), ("now", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_make_one_document_at_once_make_one() {
    let hub = Hub::start().await;
    for _ in 0..10 {
        let id = client_id();
        let (mut left, mut right) = (hub.peer("ada", id).await, hub.peer("ada", id).await);
        left.type_at(0, "left");
        right.type_at(0, "right");
        tokio::join!(left.turn(), right.turn());
        converge(&hub, "ada", id, &mut [&mut left, &mut right]).await;
        assert_eq!(left.text(), right.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_the_hubs_own_form_is_not_for_clients_to_make() {
    let hub = Hub::start().await;
    let id = base::DocId::mint(base::Slot::new(3).unwrap(), rand::random());
    let mut ada = hub.peer("ada", id).await;
    ada.type_at(0, "hello");
    until(&mut [&mut ada], "it is told that there is nothing", |peers| peers[0].got.unavailable == 1).await;
    assert!(hub.read("ada", id).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_document_looks_like_none() {
    let hub = Hub::start().await;
    let id = client_id();
    let mut ada = hub.peer("ada", id).await;
    ada.type_at(0, "mine");
    converge(&hub, "ada", id, &mut [&mut ada]).await;
    let mut eve = hub.peer("eve", id).await;
    eve.type_at(0, "no, mine");
    until(&mut [&mut eve], "she is told that there is nothing", |peers| peers[0].got.unavailable == 1).await;
    assert_eq!(hub.text("ada", id).await, "mine");
    assert_eq!(eve.got.messages, 0);
}
