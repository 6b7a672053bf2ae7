//! What holds of every answer, over real connections: retries after a kill, forms, pages of other origins.

use crate::support::{Ask, Reply, TestHub, User};
use bytes::Bytes;
use hyper::header::HeaderMap;
use serde_json::json;

/// Three texts, at their first version, and the first one as a file.
struct Texts {
    path: String,
    patched: String,
    labelled: String,
    file: Bytes,
}

impl Texts {
    async fn make(ada: &User) -> Texts {
        let [path, patched, labelled] = [ada.text("one").await, ada.text("one\n").await, ada.text("").await];
        let file = ada.get(&format!("{path}?format=automerge")).send().await;
        assert_eq!(file.status, 200);
        Texts { path, patched, labelled, file: file.body }
    }
}

/// One write of each kind, each with its key. They follow each other.
fn writes(ada: &User, texts: &Texts) -> Vec<Ask> {
    let Texts { path, patched, labelled, file } = texts;
    let minimal = ("prefer", "return=minimal");
    let form = |version: u64, media_type: &str, body: &str| {
        let path = format!("{patched}?version={version}");
        ada.ask("PATCH", &path).header("content-type", media_type).body(body.to_owned()).key(media_type)
    };
    let search = json!({"version": 4, "replacements": [{"search": "3", "replace": "4", "count": 1}]});
    vec![
        form(1, "application/json-patch+json", r#"[{"op": "replace", "path": "", "value": "two\n"}]"#),
        form(2, "application/merge-patch+json", r#""3\n""#),
        form(3, "text/x-diff", "@@ -1 +1,2 @@\n 3\n+more\n"),
        ada.ask("PATCH", patched)
            .header("content-type", "application/vnd.context-hub.search-replace+json")
            .body(search.to_string())
            .key("search"),
        ada.ask("POST", &format!("{patched}/restore")).json(&json!({"version": 2})).key("restore"),
        ada.ask("PATCH", &format!("{labelled}/metadata")).json(&json!({"labels": {"a": "b"}})).key("label"),
        ada.ask("POST", "/documents?name=file")
            .header("content-type", "application/vnd.automerge")
            .body(file.clone())
            .key("import"),
        ada.post(&json!({"name": "n", "doc_type": "Text", "content": "new"})).key("create"),
        ada.put(path, &json!({"version": 1, "content": "one two"})).key("put"),
        ada.patch(path, 1, &json!([{"op": "splice", "position": 0, "insert": "zero "}])).key("patch"),
        ada.patch(path, 3, &json!([{"op": "splice", "position": 0, "insert": "- "}]))
            .key("little")
            .headers(&[minimal]),
        ada.share(path, "bob", "write").key("share"),
        ada.put(path, &json!({"version": 9, "content": ""})).key("refused"),
    ]
}

async fn send(asks: Vec<Ask>) -> Vec<Reply> {
    let mut replies = Vec::new();
    for ask in asks {
        replies.push(ask.send().await);
    }
    replies
}

/// The headers of an answer, but for those that are the attempt's own.
fn lasting(reply: &Reply) -> HeaderMap {
    let mut headers = reply.headers.clone();
    for own in ["date", "x-request-id", "hub-revision"] {
        headers.remove(own);
    }
    // A problem names the attempt, whose number grows.
    if reply.status >= 400 {
        headers.remove("content-length");
    }
    headers
}

/// Shard and index of what an answer names.
fn revision(reply: &Reply) -> Option<(u32, u64)> {
    let text = reply.headers.get("hub-revision")?.to_str().unwrap();
    let (shard, index) = text.split_once('.').unwrap();
    Some((shard.parse().unwrap(), index.parse().unwrap()))
}

#[tokio::test]
async fn a_retry_is_answered_alike_after_a_kill() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let texts = Texts::make(&ada).await;
    let (path, patched) = (&texts.path, &texts.patched);
    let first = send(writes(&ada, &texts)).await;
    let status: Vec<_> = first.iter().map(|reply| reply.status).collect();
    assert_eq!(status, [200, 200, 200, 200, 200, 200, 201, 201, 200, 200, 204, 200, 422]);
    ada.replace(path, 4, json!("later")).await;
    ada.replace(patched, 6, json!("later")).await;
    ada.replace(&texts.labelled, 1, json!("later")).await;

    let mut hub = hub.kill_and_start().await;
    for _ in 0..2 {
        let again = send(writes(&ada, &texts)).await;
        for (first, again) in first.iter().zip(&again) {
            assert_eq!((first.status, lasting(first)), (again.status, lasting(again)));
            if first.status != 422 {
                assert_eq!(first.body, again.body);
            }
            let (before, after) = (revision(first), revision(again));
            assert_eq!(before.map(|it| it.0), after.map(|it| it.0));
            assert!(before.map(|it| it.1) <= after.map(|it| it.1), "{before:?} {after:?}");
            assert_ne!(first.header("x-request-id"), again.header("x-request-id"));
        }
        hub = hub.kill_and_start().await;
    }
    for path in [path, patched, &texts.labelled] {
        assert_eq!(ada.content(path).await, "later", "nothing was done twice");
    }
    let list = ada.get("/documents").send().await.json(200);
    assert_eq!(list["documents"].as_array().unwrap().len(), 5);

    let delete = || ada.delete(path).key("delete");
    let gone = delete().send().await;
    let _hub = hub.kill_and_start().await;
    let again = delete().send().await;
    assert_eq!((gone.status, lasting(&gone)), (again.status, lasting(&again)));
    assert_eq!(gone.status, 204);
}

#[tokio::test]
async fn the_tag_is_that_of_the_heads() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one").await;
    let first = ada.get(&path).send().await;
    ada.replace(&path, 1, json!("one")).await;
    let same = ada.get(&path).send().await;
    assert_eq!(
        (first.header("etag"), &first.json(200)["heads"]),
        (same.header("etag"), &same.json(200)["heads"])
    );
    ada.grant(&path, "bob", "read").await;
    assert_eq!(ada.get(&path).send().await.header("etag"), first.header("etag"), "access is no content");
    ada.replace(&path, 1, json!("two")).await;
    let changed = ada.get(&path).send().await;
    assert_ne!(
        (changed.header("etag"), &changed.json(200)["heads"]),
        (first.header("etag"), &first.json(200)["heads"])
    );
    let past = ada.get(&format!("{path}?version=1")).send().await;
    assert_eq!(past.header("etag"), first.header("etag"), "the same heads, the same tag");
}

#[tokio::test]
async fn pages_of_named_origins_may_read() {
    let page = "https://app.example.com";
    let hub = TestHub::start_with(&["--cors-origins", page]).await;
    let preflight = hub.anyone().ask("OPTIONS", "/documents").header("origin", page);
    let preflight = preflight.header("access-control-request-method", "POST").send().await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, page));
    let ada = hub.user("ada");
    let made = ada.post(&json!({"name": "n", "doc_type": "Text"})).header("origin", page).send().await;
    assert_eq!((made.status, made.header("access-control-allow-origin")), (201, page));
    let other = ada.get("/documents").header("origin", "https://other.example").send().await;
    assert_eq!((other.status, other.headers.get("access-control-allow-origin")), (200, None));
}
