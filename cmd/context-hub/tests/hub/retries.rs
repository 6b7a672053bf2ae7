//! A write that is sent again with its key is the same write: done once, answered alike, also by a hub that was
//! started again meanwhile.

use crate::support::{Ask, TestHub, User};
use futures::future::join_all;
use serde_json::{Value, json};

/// One write of each kind, each with its key. They follow each other.
fn writes(ada: &User, path: &str) -> Vec<Ask> {
    vec![
        ada.post(&json!({"name": "n", "doc_type": "Text", "content": "new"})).key("create"),
        ada.put(path, &json!({"version": 1, "content": "one two"})).key("put"),
        ada.patch(path, 1, &json!([{"op": "splice", "position": 0, "insert": "zero "}])).key("patch"),
        ada.share(path, "bob", "write").key("share"),
    ]
}

async fn send(asks: Vec<Ask>) -> Vec<(u16, Value)> {
    let mut answers = Vec::new();
    for ask in asks {
        let reply = ask.send().await;
        answers.push((reply.status, serde_json::from_slice(&reply.body).unwrap()));
    }
    answers
}

#[tokio::test]
async fn a_retry_is_answered_like_the_first_attempt() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one").await;
    let first = send(writes(&ada, &path)).await;
    assert_eq!(first.iter().map(|answer| answer.0).collect::<Vec<_>>(), [201, 200, 200, 200]);
    assert_eq!(send(writes(&ada, &path)).await, first);

    let hub = hub.restart().await;
    assert_eq!(send(writes(&ada, &path)).await, first, "after a restart");
    let now = ada.read(&path).await;
    assert_eq!((&now["version"], &now["content"]), (&json!(3), &json!("zero one two")));
    let list = ada.get("/documents").send().await.json(200);
    assert_eq!(list["documents"].as_array().unwrap().len(), 2, "one was made before, one by all creations");

    // What came later does not change what a retry is answered.
    ada.replace(&path, 3, json!("")).await;
    assert_eq!(send(writes(&ada, &path)).await[1..3], first[1..3]);
    assert_eq!(ada.content(&path).await, "");

    let delete = || ada.delete(&path).key("delete");
    assert_eq!((delete().send().await.status, delete().send().await.status), (204, 204));
    let _hub = hub.restart().await;
    assert_eq!(delete().send().await.status, 204, "after a restart");
    ada.delete(&path).key("another").send().await.problem(404, "not-found");
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one").await;
    let other = ada.text("one").await;
    let body = json!({"version": 1, "content": "two"});
    ada.put(&path, &body).key("k").send().await.json(200);
    let hub = hub.restart().await;
    let different = [
        ada.put(&path, &json!({"version": 1, "content": "three"})).key("k"),
        ada.put(&path, &body).key("k").header("if-match", "*"),
        ada.patch(&path, 1, &json!([])).key("k"),
        ada.delete(&path).key("k"),
        ada.share(&path, "bob", "read").key("k"),
    ];
    for ask in different {
        ask.send().await.problem(422, "idempotency-key-reused");
    }
    assert_eq!(ada.read(&path).await["version"], 2);
    assert_eq!(ada.get(&format!("{path}/access")).send().await.json(200)["entries"], json!([]));
    assert_eq!(ada.content(&other).await, "one");

    // Keys are the user's own: nobody meets another's.
    ada.grant(&path, "bob", "write").await;
    let bob = hub.user("bob");
    let edited = bob.put(&path, &json!({"version": 2, "content": "bob's"})).key("k").send().await.json(200);
    assert_eq!(edited["content"], "bob's");
    let foreign = hub.user_of("other", "ada");
    let made = foreign.post(&json!({"name": "", "doc_type": "Text"})).key("k").send().await;
    assert_eq!(made.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_that_arrive_together_are_one_write() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let body = json!({"name": "n", "doc_type": "Text", "content": ""});
    let made = join_all((0..8).map(|_| ada.post(&body).key("create").send())).await;
    let places: Vec<_> = made.iter().map(|reply| reply.header("location")).collect();
    assert!(places.iter().all(|place| *place == places[0]), "{places:?}");
    let path = places[0];

    let ops = json!([{"op": "splice", "position": 0, "insert": "x"}]);
    let edits = join_all((0..8).map(|_| ada.patch(path, 1, &ops).key("edit").send())).await;
    for reply in &edits {
        assert_eq!(reply.json(200)["content"], "x");
    }
    assert_eq!(ada.read(path).await["version"], 2);
}

#[tokio::test]
async fn who_has_lost_access_learns_nothing_by_a_retry() {
    let hub = TestHub::start().await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let path = ada.text("one").await;
    ada.grant(&path, "bob", "write").await;
    let put = || bob.put(&path, &json!({"version": 1, "content": "one two"})).key("k");
    put().send().await.json(200);
    ada.grant(&path, "bob", "none").await;
    put().send().await.problem(404, "not-found");
}

#[tokio::test]
async fn a_key_that_is_no_key_is_refused() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let create = || ada.post(&json!({"name": "", "doc_type": "Text"}));
    create().key("").send().await.problem(400, "bad-header");
    create().key("a").key("a").send().await.problem(400, "bad-header");
    assert_eq!(ada.get("/documents").send().await.json(200)["documents"], json!([]));
}
