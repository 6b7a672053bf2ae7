//! `If-Match`, `If-None-Match`, and the version that every edit names.

use crate::support::Hub;
use serde_json::json;

#[tokio::test]
async fn a_reader_who_has_the_state_gets_no_body() {
    let hub = Hub::start().await;
    let path = hub.text("hello").await;
    let etag = hub.get(&path).user("ada").send().await.header("etag").to_owned();
    for value in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
        for query in ["", "?version=1"] {
            let kept =
                hub.get(&format!("{path}{query}")).user("ada").header("if-none-match", &value).send().await;
            assert_eq!((kept.status.as_u16(), kept.body.len()), (304, 0), "{value}");
            assert_eq!(kept.header("etag"), etag);
            assert_eq!(kept.header("cache-control"), "private, no-store");
            assert_eq!(kept.header("vary"), "authorization, accept, accept-encoding");
        }
    }
    let other = hub.get(&path).user("ada").header("if-none-match", "\"x\"").send().await;
    assert_eq!(other.status, 200);
    let refused = hub.get(&path).user("ada").header("if-match", "\"x\"").send().await;
    refused.problem(412, "precondition-failed");
    hub.stop().await;
}

#[tokio::test]
async fn an_edit_without_a_base_is_told_how() {
    let hub = Hub::start().await;
    let path = hub.text("hello").await;
    let put = hub.ask("PUT", &path).user("ada").json(&json!({"content": "x"})).send().await;
    let problem = put.problem(428, "version-required");
    assert!(problem["detail"].as_str().unwrap().contains("If-Match: *"));
    let patch = json!({"ops": []});
    hub.ask("PATCH", &path).user("ada").json(&patch).send().await.problem(428, "version-required");
    assert_eq!(hub.model.writes(), 1, "only the creation");
    hub.stop().await;
}

#[tokio::test]
async fn a_star_replaces_whatever_is_there() {
    let hub = Hub::start().await;
    let path = hub.text("hello").await;
    let put = hub.ask("PUT", &path).user("ada").header("if-match", "*").json(&json!({"content": "x"}));
    assert_eq!(put.send().await.json()["version"], 2);
    hub.stop().await;
}

#[tokio::test]
async fn if_match_is_strict_with_and_without_a_version() {
    let hub = Hub::start().await;
    let path = hub.text("hello").await;
    let first = hub.get(&path).user("ada").send().await.header("etag").to_owned();
    let put = hub.ask("PUT", &path).user("ada").header("if-match", &first).json(&json!({"content": "x"}));
    let second = put.send().await;
    assert_eq!(second.status, 200);

    for body in [json!({"content": "y"}), json!({"content": "y", "version": 1})] {
        let put = hub.ask("PUT", &path).user("ada").header("if-match", &first).json(&body).send().await;
        let problem = put.problem(412, "precondition-failed");
        assert_eq!(format!("\"{}\"", problem["tag"].as_str().unwrap()), second.header("etag"));
    }
    let weak = format!("W/{}", second.header("etag"));
    let put = hub.ask("PUT", &path).user("ada").header("if-match", &weak).json(&json!({"content": "y"}));
    put.send().await.problem(412, "precondition-failed");
    let deleted = hub.ask("DELETE", &path).user("ada").header("if-match", &first).send().await;
    deleted.problem(412, "precondition-failed");
    let absent = hub.ask("DELETE", &path).user("ada").header("if-none-match", "*").send().await;
    absent.problem(412, "precondition-failed");
    let deleted = hub.ask("DELETE", &path).user("ada").header("if-match", second.header("etag")).send().await;
    assert_eq!(deleted.status, 204);
    hub.stop().await;
}

#[tokio::test]
async fn an_old_version_is_a_base_like_any_other() {
    let hub = Hub::start().await;
    let path = hub.text("hello").await;
    for expected in 2..4 {
        let put = hub.ask("PUT", &path).user("ada").json(&json!({"content": "x", "version": 1})).send().await;
        assert_eq!(put.json()["version"], expected);
    }
    let both = json!({"content": "x", "version": 1, "heads": []});
    hub.ask("PUT", &path).user("ada").json(&both).send().await.problem(422, "invalid-body");
    let future = json!({"content": "x", "version": 9});
    hub.ask("PUT", &path).user("ada").json(&future).send().await.problem(422, "unknown-version");
    let unknown = json!({"content": "x", "heads": ["00".repeat(32)]});
    let problem = hub.ask("PUT", &path).user("ada").json(&unknown).send().await.problem(422, "unknown-heads");
    assert_eq!(problem["hash"], "00".repeat(32));
    hub.stop().await;
}

#[tokio::test]
async fn a_malformed_precondition_is_not_passed_over() {
    let hub = Hub::start().await;
    let path = hub.text("hello").await;
    for method in ["GET", "PUT", "DELETE"] {
        let asked =
            hub.ask(method, &path).user("ada").header("if-match", "abc").json(&json!({"content": ""}));
        assert_eq!(asked.send().await.problem(400, "bad-header")["header"], "if-match", "{method}");
    }
    assert_eq!(hub.model.writes(), 1, "only the creation");
    hub.stop().await;
}
