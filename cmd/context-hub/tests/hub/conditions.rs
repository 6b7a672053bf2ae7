//! Preconditions: strict where they are asked for, and an edit that names no version is refused.

use crate::support::TestHub;
use futures::future::join_all;
use serde_json::json;

#[tokio::test]
async fn if_match_is_strict() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one").await;
    let first = ada.get(&path).send().await.header("etag").to_owned();
    let put = |content: &str, tag: &str| {
        ada.put(&path, &json!({"content": content})).header("if-match", tag).send()
    };
    let second = put("two", &first).await;
    assert_eq!(second.json(200)["version"], 2);
    let tag = second.header("etag").to_owned();
    let refused = put("three", &first).await.problem(412, "precondition-failed");
    assert_eq!(format!("\"{}\"", refused["tag"].as_str().unwrap()), tag, "it says where the document is");

    // A version merges, but the precondition is kept all the same.
    let stale = json!({"version": 1, "content": "one!"});
    ada.put(&path, &stale).header("if-match", &first).send().await.problem(412, "precondition-failed");
    let weak = format!("W/{tag}");
    put("three", &weak).await.problem(412, "precondition-failed");
    assert_eq!(put("three", &format!("\"ffff\", {tag}")).await.json(200)["version"], 3);

    let ops = json!({"ops": [{"op": "splice", "position": 0, "insert": ">"}]});
    let patch = |tag: &str| ada.ask("PATCH", &path).json(&ops).header("if-match", tag).send();
    patch(&tag).await.problem(412, "precondition-failed");
    assert_eq!(patch("*").await.json(200)["content"], ">three");

    ada.delete(&path).header("if-match", &tag).send().await.problem(412, "precondition-failed");
    ada.get(&path).header("if-match", &tag).send().await.problem(412, "precondition-failed");
    let now = ada.get(&path).send().await.header("etag").to_owned();
    assert_eq!(ada.delete(&path).header("if-match", &now).send().await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_strict_writers_one_wins() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("start").await;
    let tag = ada.get(&path).send().await.header("etag").to_owned();
    let puts = (0..8).map(|number| {
        ada.put(&path, &json!({"content": format!("by {number}")})).header("if-match", &tag).send()
    });
    let replies = join_all(puts).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!(won.len(), 1);
    for reply in lost {
        reply.problem(412, "precondition-failed");
    }
    assert_eq!(ada.read(&path).await, won[0].json(200));
}

#[tokio::test]
async fn a_star_replaces_whatever_is_there() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one").await;
    ada.replace(&path, 1, json!("somebody else's words")).await;
    let put = ada.put(&path, &json!({"content": "mine alone"})).header("if-match", "*").send().await;
    assert_eq!(put.json(200)["content"], "mine alone");
}

#[tokio::test]
async fn an_edit_that_names_no_version_is_told_how() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one").await;
    let bodies = [("PUT", json!({"content": "two"})), ("PATCH", json!({"ops": []}))];
    for (method, body) in bodies {
        let refused = ada.ask(method, &path).json(&body).send().await.problem(428, "version-required");
        assert!(refused["detail"].as_str().unwrap().contains("If-Match: *"), "{refused}");
    }
    ada.put(&path, &json!({"version": 9, "content": "x"})).send().await.problem(422, "unknown-version");
    ada.put(&path, &json!({"version": 0, "content": "x"})).send().await.problem(422, "unknown-version");
    let unknown = json!({"heads": ["00".repeat(32)], "content": "x"});
    ada.put(&path, &unknown).send().await.problem(422, "unknown-heads");
    let both = json!({"version": 1, "heads": [], "content": "x"});
    ada.put(&path, &both).send().await.problem(422, "invalid-body");
    assert_eq!(ada.read(&path).await["version"], 1);
}

#[tokio::test]
async fn who_has_the_newest_state_is_spared_the_body() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one").await;
    let read = ada.get(&path).send().await;
    let tag = read.header("etag").to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        for path in [path.clone(), format!("{path}?version=1")] {
            let spared = ada.get(&path).header("if-none-match", &known).send().await;
            assert_eq!((spared.status, spared.body.len(), spared.header("etag")), (304, 0, tag.as_str()));
        }
    }
    let head = ada.ask("HEAD", &path).send().await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), read.body.len().to_string());

    ada.replace(&path, 1, json!("two")).await;
    let fresh = ada.get(&path).header("if-none-match", &tag).send().await;
    assert_eq!(fresh.json(200)["content"], "two");
    let put =
        ada.put(&path, &json!({"version": 2, "content": "x"})).header("if-none-match", "*").send().await;
    put.problem(412, "precondition-failed");
}
