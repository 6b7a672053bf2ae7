//! Every limit of the gateway, met from both sides.

use crate::support::Hub;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Notify;

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

#[tokio::test]
async fn a_body_ends_at_its_limit() {
    let hub = Hub::start_with(|config| config.limits.body_bytes = 100).await;
    let body = |length: usize| {
        let frame = json!({"name": "", "doc_type": "Text", "content": ""}).to_string().len();
        json!({"name": "", "doc_type": "Text", "content": "x".repeat(length - frame)})
    };
    let create = |length| hub.ask("POST", "/documents").user("ada").json(&body(length)).send();
    assert_eq!(create(100).await.status, 201);
    let problem = create(101).await.problem(413, "body-too-large");
    assert_eq!((&problem["limit"], &problem["actual"]), (&json!(100), &json!(101)));
    hub.stop().await;
}

#[tokio::test]
async fn bodies_have_a_limit_together() {
    let hub = Hub::start_with(|config| {
        config.bodies_bytes_max = 0;
        (config.limits.body_bytes, config.limits.json_values) = (100, 4);
    })
    .await;
    let path = hub.text("x").await;
    let release = Arc::new(Notify::new());
    *hub.model.held.lock() = Some(release.clone());
    let body = json!({"content": "y".repeat(60), "version": 1});
    let put = || hub.ask("PUT", &path).user("ada").json(&body).send();
    let mut first = Box::pin(put());
    while hub.model.writes() < 2 {
        assert!(futures::poll!(first.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    put().await.problem(503, "no-room-for-body");
    release.notify_one();
    assert_eq!(first.as_mut().await.status, 200);
    drop(first);
    *hub.model.held.lock() = None;
    assert_eq!(put().await.status, 200, "the room was given back");
    hub.stop().await;
}

#[tokio::test]
async fn json_nests_to_its_limit() {
    let hub = Hub::start_with(|config| config.limits.json_depth = 5).await;
    let path = hub.create("ada", json!({"name": "", "doc_type": "Json"})).await;
    let patch = |depth| {
        let body = json!({"version": 1, "ops": [{"op": "set", "path": ["a"], "value": nested(depth)}]});
        hub.ask("PATCH", &path).user("ada").json(&body).send()
    };
    assert_eq!(patch(5).await.status, 200);
    assert_eq!(patch(6).await.problem(422, "json-too-deep")["limit"], 5);
    hub.stop().await;
}

#[tokio::test]
async fn values_have_their_limit() {
    let hub = Hub::start_with(|config| config.limits.json_values = 100).await;
    let path = hub.create("ada", json!({"name": "", "doc_type": "Json"})).await;
    // The body, its version, its content and the list in it.
    let replace = |values: usize| {
        let body = json!({"version": 1, "content": {"a": vec![0; values - 4]}});
        hub.ask("PUT", &path).user("ada").json(&body).send()
    };
    assert_eq!(replace(100).await.status, 200);
    assert_eq!(replace(101).await.problem(413, "too-many-values")["limit"], 100);
    hub.stop().await;
}

#[tokio::test]
async fn a_large_body_is_read_like_a_small_one() {
    let hub = Hub::start().await;
    let text = "x".repeat(1 << 20);
    let path = hub.text(&text).await;
    assert_eq!(hub.get(&path).user("ada").send().await.json()["content"], text);
    let broken = format!("{{\"version\": 1, \"content\": \"{text}\"");
    let ask = hub.ask("PUT", &path).user("ada").header("content-type", "application/json");
    ask.body(broken).send().await.problem(400, "malformed-json");
    hub.stop().await;
}

#[tokio::test]
async fn a_name_has_its_limit() {
    let hub = Hub::start_with(|config| config.limits.name_bytes = 4).await;
    let create = |name: &str| {
        hub.ask("POST", "/documents").user("ada").json(&json!({"name": name, "doc_type": "Text"})).send()
    };
    assert_eq!(create("éé").await.status, 201);
    let problem = create("ééé").await.problem(422, "name-too-long");
    assert_eq!((&problem["limit"], &problem["actual"]), (&json!(4), &json!(6)));
    hub.stop().await;
}

#[tokio::test]
async fn operations_have_their_limit() {
    let hub = Hub::start_with(|config| config.limits.operations = 2).await;
    let path = hub.text("").await;
    let patch = |count: usize| {
        let op = json!({"op": "splice", "position": 0, "insert": "x"});
        hub.ask("PATCH", &path).user("ada").json(&json!({"version": 1, "ops": vec![op; count]})).send()
    };
    assert_eq!(patch(2).await.status, 200);
    assert_eq!(patch(3).await.problem(422, "too-many-operations")["limit"], 2);
    hub.stop().await;
}

#[tokio::test]
async fn an_idempotency_key_has_its_limit() {
    let hub = Hub::start().await;
    let create = |key: String| {
        let ask = hub.ask("POST", "/documents").user("ada").header("idempotency-key", &key);
        ask.json(&json!({"name": "", "doc_type": "Text"})).send()
    };
    assert_eq!(create("k".repeat(255)).await.status, 201);
    assert_eq!(create("k".repeat(256)).await.problem(422, "idempotency-key-too-long")["limit"], 255);
    hub.stop().await;
}

#[tokio::test]
async fn a_page_has_its_limit() {
    let hub = Hub::start_with(|config| config.limits.page_documents = 3).await;
    for _ in 0..4 {
        hub.text("").await;
    }
    let list = |query: &'static str| hub.get(query).user("ada").send();
    assert_eq!(list("/documents").await.json()["documents"].as_array().unwrap().len(), 3);
    assert_eq!(list("/documents?limit=3").await.status, 200);
    assert_eq!(list("/documents?limit=4").await.problem(422, "page-too-large")["limit"], 3);
    hub.stop().await;
}

#[tokio::test]
async fn requests_in_flight_have_their_limit() {
    let hub = Hub::start_with(|config| config.limits.requests_in_flight = 1).await;
    let path = hub.text("x").await;
    let release = Arc::new(Notify::new());
    *hub.model.held.lock() = Some(release.clone());
    let put = hub.ask("PUT", &path).user("ada").json(&json!({"content": "y", "version": 1})).send();
    let mut put = Box::pin(put);
    // The write waits at the shard from when the model has done it.
    while hub.model.writes() < 2 {
        assert!(futures::poll!(put.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    let past = format!("{path}?version=1");
    let refused = hub.get(&past).user("ada").send().await;
    assert_eq!(refused.problem(503, "too-many-in-flight")["limit"], 1);
    assert_eq!(refused.header("retry-after"), "1");
    // What needs no waiting is answered all the same.
    assert_eq!(hub.get("/livez").send().await.status, 200);
    assert_eq!(hub.get(&path).user("ada").send().await.status, 200);
    release.notify_one();
    assert_eq!(put.as_mut().await.status, 200);
    drop(put);
    *hub.model.held.lock() = None;
    assert_eq!(hub.get(&past).user("ada").send().await.status, 200);
    hub.stop().await;
}
