//! A write that is sent twice with one key is one write.

use crate::model::SHARD;
use crate::support::Hub;
use rpc::Refusal;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_repeated_write_is_answered_as_the_first_time() {
    let hub = Hub::start().await;
    let body = json!({"name": "n", "doc_type": "Text", "content": "x"});
    let create =
        || hub.ask("POST", "/documents").user("ada").header("idempotency-key", "k1").json(&body).send();
    let (first, second) = (create().await, create().await);
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!(first.header("location"), second.header("location"));

    let path = first.header("location").to_owned();
    let put = || {
        let body = json!({"content": "y", "version": 1});
        hub.ask("PUT", &path).user("ada").header("idempotency-key", "k2").json(&body).send()
    };
    assert_eq!(put().await.json()["version"], 2);
    assert_eq!(put().await.json()["version"], 2);

    let share = || {
        let body = json!({"principal": "bob", "access_level": "read"});
        hub.ask("POST", &format!("{path}/share"))
            .user("ada")
            .header("idempotency-key", "k3")
            .json(&body)
            .send()
    };
    assert_eq!(share().await.body, share().await.body);

    let delete = || hub.ask("DELETE", &path).user("ada").header("idempotency-key", "k4").send();
    assert_eq!((delete().await.status.as_u16(), delete().await.status.as_u16()), (204, 204));
    assert_eq!(hub.model.writes(), 4);
    hub.stop().await;
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    let put = |content: &str, tag: Option<&str>| {
        let ask = hub.ask("PUT", &path).user("ada").header("idempotency-key", "k");
        let ask = tag.into_iter().fold(ask, |ask, tag| ask.header("if-match", tag));
        ask.json(&json!({"content": content, "version": 1})).send()
    };
    assert_eq!(put("y", None).await.status, 200);
    put("z", None).await.problem(422, "idempotency-key-reused");
    put("y", Some("*")).await.problem(422, "idempotency-key-reused");
    let other_verb = hub.ask("DELETE", &path).user("ada").header("idempotency-key", "k").send().await;
    other_verb.problem(422, "idempotency-key-reused");
    hub.stop().await;
}

#[tokio::test]
async fn the_same_document_under_another_name_is_the_same_request() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    let url = hub.get(&path).user("ada").send().await.json()["url"].as_str().unwrap().to_owned();
    for path in [path.clone(), format!("/api/v1{path}"), format!("/documents/{url}")] {
        let put = hub.ask("PUT", &path).user("ada").header("idempotency-key", "k");
        let put = put.json(&json!({"content": "y", "version": 1})).send().await;
        assert_eq!(put.json()["version"], 2, "{path}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn without_a_key_every_write_is_its_own() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    for expected in 2..4 {
        let put = hub.ask("PUT", &path).user("ada").json(&json!({"content": "y", "version": 1})).send().await;
        assert_eq!(put.json()["version"], expected);
    }
    hub.stop().await;
}

#[tokio::test]
async fn an_unknown_outcome_names_the_key_that_finds_out() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    let put = || hub.ask("PUT", &path).user("ada").json(&json!({"content": "y", "version": 1}));
    hub.model.refuse_next(Refusal::Unknown { shard: SHARD });
    let problem = put().send().await.problem(503, "outcome-unknown");
    let minted = problem["idempotency_key"].as_str().unwrap();
    assert_eq!(put().header("idempotency-key", minted).send().await.json()["version"], 2);

    hub.model.refuse_next(Refusal::Busy { retry_after: Duration::from_millis(1) });
    let problem = put().header("idempotency-key", "mine").send().await.problem(503, "shard-busy");
    assert_eq!(problem["idempotency_key"], "mine");
    hub.stop().await;
}
