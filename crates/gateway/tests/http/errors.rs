//! What a client gets wrong, and what it is told.

use crate::model::SHARD;
use crate::support::Hub;
use rpc::Refusal;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn unknown_paths_and_methods_are_told_what_there_is() {
    let hub = Hub::start().await;
    hub.get("/nothing").send().await.problem(404, "unknown-path");
    hub.get("/documents/x/y").user("ada").send().await.problem(404, "unknown-path");
    let refused = hub.ask("POST", "/documents/x").user("ada").send().await;
    refused.problem(405, "method-not-allowed");
    assert_eq!(refused.header("allow"), "GET, PUT, PATCH, DELETE, HEAD, OPTIONS");
    let options = hub.ask("OPTIONS", "/documents").send().await;
    assert_eq!((options.status.as_u16(), options.header("allow")), (204, "GET, POST, HEAD, OPTIONS"));
    hub.stop().await;
}

#[tokio::test]
async fn bodies_are_json_of_the_right_shape() {
    let hub = Hub::start().await;
    let post = || hub.ask("POST", "/documents").user("ada");
    post().body("{}").send().await.problem(415, "unsupported-media-type");
    post()
        .header("content-type", "text/plain")
        .body("{}")
        .send()
        .await
        .problem(415, "unsupported-media-type");
    let malformed = post().header("content-type", "application/json").body("{\n nope").send().await;
    assert_eq!(malformed.problem(400, "malformed-json")["line"], 2);
    post().header("content-type", "application/json").send().await.problem(400, "malformed-json");

    let check = async |body, mentions: &str| {
        let problem = post().json(&body).send().await.problem(422, "invalid-body");
        assert!(problem["detail"].as_str().unwrap().contains(mentions), "{problem}");
    };
    check(json!({"doc_type": "Text"}), "name").await;
    check(json!({"name": "", "doc_type": "Text", "contents": ""}), "contents").await;
    check(json!({"name": "", "doc_type": "text"}), "text").await;
    check(json!({"name": 1, "doc_type": "Text"}), "string").await;
    check(json!([]), "").await;
    assert_eq!(hub.model.writes(), 0);
    hub.stop().await;
}

#[tokio::test]
async fn what_would_be_changed_in_reading_is_refused() {
    let hub = Hub::start().await;
    let path = hub.create("ada", json!({"name": "", "doc_type": "Json"})).await;
    let check = async |method, body: &str, mentions: &str| {
        let ask = hub.ask(method, &path).user("ada").header("content-type", "application/json");
        let problem = ask.body(body.to_owned()).send().await.problem(422, "invalid-body");
        assert!(problem["detail"].as_str().unwrap().contains(mentions), "{problem}");
        assert_eq!(problem["line"], 1);
    };
    check("PUT", r#"{"version": 1, "content": {"a": {"b": 1, "b": 2}}}"#, "\"b\" stands twice").await;
    check("PUT", r#"{"version": 1, "content": {}, "content": {}}"#, "content").await;
    check("PUT", r#"{"version": 1, "content": {"a": 18446744073709551616}}"#, "18446744073709551616").await;
    let operation = |members: &str| format!(r#"{{"version": 1, "ops": [{{{members}}}]}}"#);
    let set = operation(r#""op": "set", "path": ["a"], "value": [{"b": 1, "b": 1}]"#);
    check("PATCH", &set, "\"b\" stands twice").await;
    let twice = operation(r#""op": "set", "path": ["a"], "value": 1, "value": 2"#);
    check("PATCH", &twice, "value").await;
    assert_eq!(hub.model.writes(), 1);
    hub.stop().await;
}

#[tokio::test]
async fn empty_heads_name_no_state() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    let empty = hub.get(&format!("{path}?heads=")).user("ada").send().await.problem(400, "bad-query");
    assert!(empty["detail"].as_str().unwrap().contains("empty"), "{empty}");
    let put = hub.ask("PUT", &path).user("ada").header("if-match", "*");
    let empty = put.json(&json!({"content": "y", "heads": []})).send().await.problem(422, "invalid-body");
    assert_eq!(empty["member"], "heads");
    assert_eq!(hub.model.writes(), 1);
    hub.stop().await;
}

#[tokio::test]
async fn a_parameter_that_a_path_does_not_take_is_refused() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    let share = format!("{path}/share?dry_run=1");
    let asked = [("PUT", format!("{path}?version=1")), ("DELETE", format!("{path}?force")), ("POST", share)];
    for (method, path) in asked {
        let refused = hub.ask(method, &path).user("ada").json(&json!({})).send().await;
        refused.problem(400, "bad-query");
    }
    assert_eq!(hub.get(&path).user("ada").send().await.status, 200);
    hub.stop().await;
}

#[tokio::test]
async fn refusals_of_the_shards_reach_the_client() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    hub.model.refuse_next(Refusal::Unavailable {
        shard: SHARD,
        reason: "it elects a leader".into(),
        retry_after: Duration::from_millis(1_500),
    });
    let refused = hub.get(&path).user("ada").send().await;
    let problem = refused.problem(503, "shard-unavailable");
    assert_eq!((&problem["shard"], &problem["retry_after_ms"]), (&json!(SHARD.0), &json!(1_500)));
    assert_eq!(refused.header("retry-after"), "2");

    hub.model.refuse_next(Refusal::Internal { reason: "password 123".into() });
    let refused = hub.get(&path).user("ada").send().await;
    refused.problem(500, "internal");
    assert!(!String::from_utf8_lossy(&refused.body).contains("password"));

    hub.model.refuse_next(Refusal::DiskFull { spare: 5 });
    let put = hub.ask("PUT", &path).user("ada").json(&json!({"content": "y", "version": 1})).send().await;
    assert_eq!(put.problem(507, "disk-full")["spare_bytes"], 5);
    hub.stop().await;
}

#[tokio::test]
async fn request_ids_are_taken_minted_and_given_back() {
    let hub = Hub::start().await;
    let given = hub.get("/livez").header("x-request-id", "abc-1").send().await;
    assert_eq!(given.header("x-request-id"), "abc-1");
    let minted = hub.get("/livez").header("x-request-id", "not sane").send().await;
    assert_ne!(minted.header("x-request-id"), "not sane");
    assert_ne!(hub.get("/livez").send().await.header("x-request-id"), minted.header("x-request-id"));
    hub.stop().await;
}
