//! Patches of every form, as a client sends them.

use crate::support::{Ask, Hub};
use serde_json::{Value, json};

const JSON_PATCH: &str = "application/json-patch+json";
const SEARCH_REPLACE: &str = "application/vnd.context-hub.search-replace+json";

fn patch<'h>(hub: &'h Hub, path: &str, content_type: &str, body: impl ToString) -> Ask<'h> {
    let ask = hub.ask("PATCH", path).user("ada").header("content-type", content_type);
    ask.body(body.to_string())
}

#[tokio::test]
async fn each_form_makes_the_new_content() {
    let hub = Hub::start().await;
    let path = hub.text("one\ntwo\n").await;
    let diff =
        patch(&hub, &format!("{path}?version=1"), "text/x-diff", "@@ -2 +2 @@\n-two\n+2\n").send().await;
    assert_eq!(diff.json()["content"], "one\n2\n");
    assert_eq!(diff.header("etag"), hub.get(&path).user("ada").send().await.header("etag"));
    let replacements = json!({"version": 2, "replacements": [{"search": "one", "replace": "1"}]});
    let replaced = patch(&hub, &path, SEARCH_REPLACE, replacements).send().await;
    assert_eq!(replaced.json()["content"], "1\n2\n");

    let path = hub.create("ada", json!({"name": "", "doc_type": "Json", "content": {"a": [1]}})).await;
    let operations = json!([{"op": "add", "path": "/a/0", "value": 0}]);
    let patched = patch(&hub, &format!("{path}?version=1"), JSON_PATCH, operations).send().await;
    assert_eq!(patched.json()["content"], json!({"a": [0, 1]}));
    let heads = patched.json()["heads"][0].as_str().unwrap().to_owned();
    let at = format!("/api/v1{path}?heads={heads}");
    let merged = patch(&hub, &at, "Application/Merge-Patch+JSON; charset=utf-8", json!({"a": null, "b": 1}));
    assert_eq!(merged.send().await.json()["content"], json!({"b": 1}));
    hub.stop().await;
}

#[tokio::test]
async fn the_state_is_named_where_the_form_has_a_place_for_it() {
    let hub = Hub::start().await;
    let path = hub.text("one").await;
    let empty = json!([]);
    patch(&hub, &path, JSON_PATCH, &empty).send().await.problem(428, "version-required");
    for query in ["version=x", "versoin=1", "version=1&heads=00", "heads="] {
        let at = format!("{path}?{query}");
        patch(&hub, &at, JSON_PATCH, &empty).send().await.problem(400, "bad-query");
    }
    let replacements = json!({"replacements": []});
    patch(&hub, &path, SEARCH_REPLACE, &replacements).send().await.problem(428, "version-required");
    let at = format!("{path}?version=1");
    patch(&hub, &at, SEARCH_REPLACE, &replacements).send().await.problem(400, "bad-query");
    let operations = json!({"ops": [], "version": 1});
    hub.ask("PATCH", &at).user("ada").json(&operations).send().await.problem(400, "bad-query");
    let future = patch(&hub, &format!("{path}?version=9"), JSON_PATCH, &empty).send().await;
    assert_eq!(future.problem(422, "unknown-version")["newest"], 1);
    let star = patch(&hub, &path, JSON_PATCH, &empty).header("if-match", "*").send().await;
    assert_eq!(star.status, 200);
    hub.stop().await;
}

#[tokio::test]
async fn the_types_that_are_taken_are_named() {
    let hub = Hub::start().await;
    let path = hub.text("one").await;
    let options = hub.ask("OPTIONS", &path).send().await;
    let accepted = options.header("accept-patch").to_owned();
    for name in
        ["application/json", JSON_PATCH, "application/merge-patch+json", "text/x-diff", SEARCH_REPLACE]
    {
        assert!(accepted.split(", ").any(|accepted| accepted == name), "{name} in {accepted}");
    }
    let refused = patch(&hub, &format!("{path}?version=1"), "text/plain", "x").send().await;
    assert!(
        refused.problem(415, "unsupported-media-type")["detail"].as_str().unwrap().contains("text/x-diff")
    );
    assert_eq!(refused.header("accept-patch"), accepted);
    assert!(!hub.ask("OPTIONS", "/documents").send().await.headers.contains_key("accept-patch"));
    hub.stop().await;
}

#[tokio::test]
async fn what_is_no_patch_is_refused_by_its_form() {
    let hub = Hub::start().await;
    let path = hub.text("one").await;
    let at = format!("{path}?version=1");
    let check = async |content_type, body: &str, status, slug| {
        let path = if content_type == SEARCH_REPLACE { &path } else { &at };
        patch(&hub, path, content_type, body).send().await.problem(status, slug)
    };
    check(JSON_PATCH, "[", 400, "malformed-json").await;
    check(JSON_PATCH, "{}", 422, "invalid-body").await;
    check(JSON_PATCH, r#"[{"op":"add","path":"","value":{"a":1,"a":2}}]"#, 422, "invalid-body").await;
    check(JSON_PATCH, r#"[{"op":"add","path":"","value":18446744073709551616}]"#, 422, "invalid-body").await;
    check("application/merge-patch+json", "nope", 400, "malformed-json").await;
    check("text/x-patch", "nope", 400, "malformed-patch").await;
    check(SEARCH_REPLACE, r#"{"version":1,"replacements":[{"search":"a"}]}"#, 422, "invalid-body").await;
    check(SEARCH_REPLACE, r#"{"version":1,"replacements":[],"ops":[]}"#, 422, "invalid-body").await;
    let wrong = check(
        SEARCH_REPLACE,
        r#"{"version":1,"replacements":[{"search":"e","replace":"","count":2}]}"#,
        422,
        "search-count",
    )
    .await;
    assert_eq!((&wrong["expected"], &wrong["found"]), (&json!(2), &json!(1)));
    let wrong = check(JSON_PATCH, r#"[{"op":"remove","path":"/a"}]"#, 422, "bad-edit").await;
    assert_eq!((&wrong["operation"], &wrong["found"]), (&json!(0), &json!("a string")));
    assert_eq!(hub.model.writes(), 1, "only the creation");
    hub.stop().await;
}

#[tokio::test]
async fn a_patch_for_what_is_there_now_is_answered_as_the_first_time() {
    let hub = Hub::start().await;
    let path = hub.text("one").await;
    let tag = hub.get(&path).user("ada").send().await.header("etag").to_owned();
    let send = |if_match: &str, key: &str, search: &str| {
        let body: Value = json!({"replacements": [{"search": search, "replace": "two"}]});
        let ask = patch(&hub, &path, SEARCH_REPLACE, body).header("if-match", if_match);
        ask.header("idempotency-key", key).send()
    };
    let first = send(&tag, "k1", "one").await;
    assert_eq!(first.status, 200);
    assert_eq!(
        send(&tag, "k1", "one").await.body,
        first.body,
        "the tag is not that of the document any more"
    );
    send(&tag, "k2", "one").await.problem(412, "precondition-failed");
    let count = send("*", "k3", "one").await.problem(422, "search-count");
    assert_eq!(count["found"], 0);
    send("*", "k1", "one").await.problem(422, "idempotency-key-reused");
    hub.stop().await;
}
