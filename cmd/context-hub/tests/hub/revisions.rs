//! Revisions: how far a shard was, and reads that are not older.

use crate::support::{Reply, TestHub};
use serde_json::json;

/// The shard and the index that an answer names.
fn revision(reply: &Reply) -> (u32, u64) {
    let (shard, index) = reply.header("hub-revision").split_once('.').unwrap();
    (shard.parse().unwrap(), index.parse().unwrap())
}

#[tokio::test]
async fn every_answer_about_a_document_names_a_revision_that_rises() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let made = ada.post(&json!({"name": "n", "doc_type": "Text", "content": "one"})).send().await;
    let path = format!("/documents/{}", made.json(201)["id"].as_str().unwrap());
    let tag = made.header("etag").to_owned();
    let put = ada.put(&path, &json!({"version": 1, "content": "two"})).send().await;
    let ops = json!({"version": 2, "ops": [{"op": "splice", "position": 0, "insert": ">"}]});
    let patched = ada.ask("PATCH", &path).json(&ops).send().await;
    let read = ada.get(&path).send().await;
    let past = ada.get(&format!("{path}?version=1")).send().await;
    let spared = ada.get(&path).header("if-none-match", read.header("etag")).send().await;
    assert_ne!(read.header("etag"), tag);
    let grant = json!({"principal": "bob", "access_level": "read"});
    let shared = ada.ask("POST", &format!("{path}/share")).json(&grant).send().await;
    let access = ada.get(&format!("{path}/access")).send().await;
    let gone = ada.delete(&path).send().await;

    let answers = [&made, &put, &patched, &read, &past, &spared, &shared, &access, &gone];
    let statuses = answers.map(|answer| answer.status);
    assert_eq!(statuses, [201, 200, 200, 200, 200, 304, 200, 200, 204]);
    let revisions = answers.map(revision);
    assert!(
        revisions.is_sorted() && revisions.iter().all(|(shard, _)| *shard == revisions[0].0),
        "{revisions:?}"
    );
    let writes = [&made, &put, &patched, &shared, &gone].map(revision);
    assert!(writes.is_sorted_by(|one, next| one < next), "each write moves it on: {writes:?}");
    let nothing = ada.get(&path).send().await;
    assert!(nothing.headers.get("hub-revision").is_none(), "it says nothing of what is not there");
    nothing.problem(404, "not-found");
}

#[tokio::test]
async fn a_read_at_a_revision_is_not_older() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one").await;
    let put = ada.put(&path, &json!({"version": 1, "content": "two"})).send().await;
    let (shard, index) = revision(&put);
    let read = |at_least: &str| ada.get(&path).header("hub-at-least", at_least).send();
    let own = put.header("hub-revision").to_owned();
    let several = format!("{}.999999, {own}", shard + 1);
    for at_least in [&own, &several] {
        let seen = read(at_least).await;
        assert_eq!(seen.json(200)["content"], "two");
        assert!(revision(&seen) >= (shard, index));
    }
    // No log holds it, and it does not come.
    let never = index + 1_000;
    let problem = read(&format!("{shard}.{never}")).await.problem(422, "unknown-revision");
    assert_eq!(problem["asked"], never);
    for malformed in ["", "x", "1", "1.2;3.4", "1.-2", "1.2,,3.4"] {
        let problem = read(malformed).await.problem(400, "bad-header");
        assert_eq!(problem["header"], "hub-at-least");
    }
    // Also where there is nothing to read: a slip is named before anything is looked up.
    let nothing =
        ada.get("/documents/00000000-0000-4000-8000-000000000000").header("hub-at-least", "?").send().await;
    nothing.problem(400, "bad-header");

    let _hub = hub.restart().await;
    assert_eq!(read(&own).await.json(200)["content"], "two");
}
