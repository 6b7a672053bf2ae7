//! What is asked wrongly: each refusal is a problem with its own type, and carries the id of its request.

use crate::support::{Reply, TestHub};
use serde_json::{Value, json};

#[tokio::test]
async fn paths_and_methods_that_are_not_there() {
    let hub = TestHub::start().await;
    let (ada, anyone) = (hub.user("ada"), hub.anyone());
    let path = ada.text("x").await;
    for nowhere in
        ["/nothing", "/documents/", "/documents/x/y", "/api/v2/documents", "/api/v1/livez", "//", "/%00"]
    {
        ada.get(nowhere).send().await.problem(404, "unknown-path");
        anyone.get(nowhere).send().await.problem(404, "unknown-path");
    }
    let allowed = [
        ("POST", path.clone(), "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ("DELETE", "/documents".to_owned(), "GET, POST, HEAD, OPTIONS"),
        ("GET", format!("{path}/share"), "POST, OPTIONS"),
        ("PUT", format!("{path}/access"), "GET, HEAD, OPTIONS"),
        ("POST", "/metrics".to_owned(), "GET, HEAD, OPTIONS"),
        ("BREW", path.clone(), "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
    ];
    for (method, path, allow) in allowed {
        let refused = ada.ask(method, &path).send().await;
        refused.problem(405, "method-not-allowed");
        assert_eq!(refused.header("allow"), allow, "{method} {path}");
        let options = anyone.ask("OPTIONS", &path).send().await;
        assert_eq!((options.status, options.header("allow")), (204, allow));
    }
}

#[tokio::test]
async fn bodies_that_are_not_understood() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("x").await;
    let share = format!("{path}/share");
    for (method, path) in [("POST", "/documents"), ("PUT", &path), ("PATCH", &path), ("POST", &share)] {
        let ask = || ada.ask(method, path);
        for media_type in ["text/plain", "application/jsonp", "multipart/form-data"] {
            let refused = ask().header("content-type", media_type).body("{}").send().await;
            refused.problem(415, "unsupported-media-type");
        }
        ask().body("{}").send().await.problem(415, "unsupported-media-type");
        for malformed in ["", "{", "{\n\"a\": nope}", "{} {}", "\u{feff}{}"] {
            let refused = ask().header("content-type", "application/json; charset=utf-8").body(malformed);
            let problem = refused.send().await.problem(400, "malformed-json");
            assert!(problem["line"].is_u64() && problem["column"].is_u64(), "{problem}");
        }
        let bytes: &[u8] = b"{\"content\": \"\xff\"}";
        ask()
            .header("content-type", "application/json")
            .body(bytes)
            .send()
            .await
            .problem(400, "malformed-json");
        for wrong in [json!([]), json!("x"), json!(null), json!({"unknown": 1})] {
            ask().json(&wrong).send().await.problem(422, "invalid-body");
        }
    }
    assert_eq!(ada.read(&path).await["version"], 1);
}

#[tokio::test]
async fn a_member_that_is_given_twice_is_not_guessed_at() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let body = r#"{"name": "a", "name": "b", "doc_type": "Text"}"#;
    let refused = ada.ask("POST", "/documents").header("content-type", "application/json").body(body);
    refused.send().await.problem(422, "invalid-body");
}

#[tokio::test]
async fn a_request_id_goes_with_its_request() {
    let hub = TestHub::start().await;
    let (ada, anyone) = (hub.user("ada"), hub.anyone());
    let path = ada.text("x").await;
    let requests = || {
        [
            anyone.get("/livez"),
            anyone.get("/nothing"),
            anyone.get(&path),
            ada.get(&path),
            ada.put(&path, &json!({"content": "x"})),
            ada.ask("BREW", &path),
        ]
    };
    for ask in requests() {
        assert_eq!(id_of(&ask.header("x-request-id", "mine-1").send().await), "mine-1");
    }
    let mut minted = Vec::new();
    for ask in requests() {
        let too_long = "x".repeat(65);
        minted.push(id_of(&ask.header("x-request-id", &too_long).send().await));
    }
    minted.sort_unstable();
    minted.dedup();
    assert_eq!(minted.len(), requests().len(), "each has its own: {minted:?}");
}

/// The id in the header, which is that in the body if it is a problem.
fn id_of(reply: &Reply) -> String {
    let id = reply.header("x-request-id").to_owned();
    if reply.status >= 400 {
        let problem: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(problem["request_id"], id);
    }
    id
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_its_page() {
    let hub = TestHub::start().await;
    let anyone = hub.anyone();
    let problem = anyone.get("/nothing").send().await.problem(404, "unknown-path");
    let page = anyone.get(problem["type"].as_str().unwrap()).send().await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/markdown; charset=utf-8"));
    assert!(page.text().starts_with("## unknown-path\n"));
}
