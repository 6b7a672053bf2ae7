//! The past of a document over HTTP, and the forms in which a document is read.

use crate::model::FILE;
use crate::support::{Hub, Reply};
use rpc::{LimitKind, Refusal};
use serde_json::{Value, json};

/// A text with this many versions: "v1", "v2", …
async fn text(hub: &Hub, versions: u64) -> String {
    let path = hub.text("v1\n").await;
    for version in 2..=versions {
        let body = json!({"version": version - 1, "content": format!("v{version}\n")});
        assert_eq!(hub.ask("PUT", &path).user("ada").json(&body).send().await.status, 200);
    }
    path
}

async fn get(hub: &Hub, path: &str) -> Reply {
    hub.get(path).user("ada").send().await
}

fn numbers(page: &Value) -> Vec<u64> {
    let versions = page["versions"].as_array().unwrap();
    versions.iter().map(|version| version["version"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_history_is_read_page_by_page() {
    let hub = Hub::start().await;
    let path = text(&hub, 5).await;
    let first = get(&hub, &format!("{path}/history?limit=2")).await;
    let page = first.json();
    assert_eq!((numbers(&page), page["next_cursor"].as_str()), (vec![5, 4], Some("4")));
    let newest = &page["versions"][0];
    assert_eq!(newest["heads"], get(&hub, &path).await.json()["heads"]);
    assert_eq!((&newest["author"], &newest["authors"]), (&json!("ada"), &json!(["ada"])));
    assert_eq!((&newest["changes"], &newest["bytes"]), (&json!(1), &json!(6)));
    assert_eq!(newest["at"], "2026-09-21T14:13:20.005Z");
    assert!(first.header("hub-revision").contains('.'));
    let link = first.header("link").split(['<', '>']).nth(1).unwrap().to_owned();
    assert_eq!(link, format!("{path}/history?limit=2&cursor=4"));
    assert_eq!(numbers(&get(&hub, &link).await.json()), [3, 2]);
    let last = get(&hub, &format!("{path}/history?cursor=2")).await;
    assert_eq!((numbers(&last.json()), &last.json()["next_cursor"]), (vec![1], &Value::Null));
    assert!(last.headers.get("link").is_none());
    assert_eq!(get(&hub, &format!("/api/v1{path}/history")).await.status, 200);
    hub.stop().await;
}

#[tokio::test]
async fn a_history_is_asked_for_as_a_list_is() {
    let hub = Hub::start().await;
    let path = format!("{}/history", hub.text("x").await);
    for cursor in ["0", "x", "-1", "1.5", ""] {
        get(&hub, &format!("{path}?cursor={cursor}")).await.problem(400, "bad-cursor");
    }
    get(&hub, &format!("{path}?limit=0")).await.problem(400, "bad-query");
    let large = get(&hub, &format!("{path}?limit=201")).await.problem(422, "page-too-large");
    assert_eq!(large["limit"], 200);
    hub.get(&path).user("eve").send().await.problem(404, "not-found");
    hub.get(&path).send().await.problem(401, "unauthenticated");
    hub.ask("POST", &path).user("ada").send().await.problem(405, "method-not-allowed");
    hub.stop().await;
}

#[tokio::test]
async fn a_difference_has_both_states_operations_and_lines() {
    let hub = Hub::start().await;
    let path = text(&hub, 3).await;
    let newest = get(&hub, &path).await.json();
    let diff = get(&hub, &format!("{path}/diff?from=1")).await;
    let body = diff.json();
    assert_eq!((&body["from"]["version"], &body["to"]["version"]), (&json!(1), &json!(3)));
    assert_eq!(body["to"]["heads"], newest["heads"]);
    assert_eq!(body["ops"], json!([{"op": "set", "path": [], "value": "v3\n"}]));
    assert_eq!(body["unified"], "--- version 1\n+++ version 3\n@@ -1 +1 @@\n-v1\n+v3\n");
    assert_eq!(diff.header("cache-control"), "private, no-store");
    let heads = newest["heads"][0].as_str().unwrap();
    let back = get(&hub, &format!("{path}/diff?from={heads}&to=2")).await.json();
    assert_eq!(back["unified"], "--- version 3\n+++ version 2\n@@ -1 +1 @@\n-v3\n+v2\n");
    assert_eq!(get(&hub, &format!("{path}/diff?from=2&to=2")).await.json()["unified"], "");

    assert_eq!(get(&hub, &format!("{path}/diff")).await.problem(400, "bad-query")["parameter"], "from");
    for query in ["from=x", "from=", "from=-1"] {
        get(&hub, &format!("{path}/diff?{query}")).await.problem(400, "bad-query");
    }
    get(&hub, &format!("{path}/diff?from=1&to=9")).await.problem(422, "unknown-version");
    hub.stop().await;
}

#[tokio::test]
async fn json_is_compared_line_by_line() {
    let hub = Hub::start().await;
    let content = json!({"a": [1, {"b": "x\ny"}], "c": {}});
    let path = hub.create("ada", json!({"name": "n", "doc_type": "Json", "content": content})).await;
    let body = json!({"version": 1, "content": {"a": [1, {"b": "z"}], "c": {}}});
    hub.ask("PUT", &path).user("ada").json(&body).send().await;
    let diff = get(&hub, &format!("{path}/diff?from=1&to=2")).await.json();
    let unified = diff["unified"].as_str().unwrap();
    assert!(unified.contains("\n-      \"b\": \"x\\ny\"\n+      \"b\": \"z\"\n"), "{unified}");
    hub.stop().await;
}

#[tokio::test]
async fn a_restore_is_a_write_that_goes_forward() {
    let hub = Hub::start().await;
    let path = text(&hub, 3).await;
    let restore = |body: Value| hub.ask("POST", &format!("{path}/restore")).user("ada").json(&body);
    let ask = || restore(json!({"version": 1})).header("idempotency-key", "r");
    let restored = ask().send().await;
    assert_eq!(restored.status, 200);
    assert_eq!((&restored.json()["version"], &restored.json()["content"]), (&json!(4), &json!("v1\n")));
    assert_eq!(ask().send().await.body, restored.body);
    assert_eq!(hub.model.writes(), 4);
    restore(json!({"version": 2}))
        .header("idempotency-key", "r")
        .send()
        .await
        .problem(422, "idempotency-key-reused");
    let third = get(&hub, &format!("{path}?version=3")).await.json()["heads"].clone();
    assert_eq!(restore(json!({"heads": third})).send().await.json()["content"], "v3\n");

    restore(json!({"version": 1}))
        .header("if-match", "\"no\"")
        .send()
        .await
        .problem(412, "precondition-failed");
    restore(json!({"version": 99})).send().await.problem(422, "unknown-version");
    for body in [json!({}), json!({"version": 1, "heads": []}), json!({"heads": []}), json!({"v": 1})] {
        restore(body).send().await.problem(422, "invalid-body");
    }
    hub.ask("POST", &format!("{path}/restore"))
        .user("ada")
        .send()
        .await
        .problem(415, "unsupported-media-type");
    hub.stop().await;
}

#[tokio::test]
async fn a_restore_that_fails_on_its_way_names_its_key() {
    let hub = Hub::start().await;
    let path = text(&hub, 2).await;
    hub.model.refuse_next(Refusal::Busy { retry_after: std::time::Duration::from_secs(1) });
    let ask = hub.ask("POST", &format!("{path}/restore")).user("ada").header("idempotency-key", "k");
    let problem = ask.json(&json!({"version": 1})).send().await.problem(503, "shard-busy");
    assert_eq!(problem["idempotency_key"], "k");
    hub.stop().await;
}

#[tokio::test]
async fn content_is_shown_in_the_form_that_is_asked_for() {
    let hub = Hub::start().await;
    let path = hub.text("one\n\"two\"\n").await;
    let whole = get(&hub, &path).await;
    let plain = get(&hub, &format!("{path}?format=text")).await;
    assert_eq!(plain.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(plain.body, "one\n\"two\"\n");
    for (header, expected) in [("etag", whole.header("etag")), ("hub-version", "1")] {
        assert_eq!(plain.header(header), expected);
    }
    assert_eq!(plain.header("vary"), "authorization, accept, accept-encoding");
    let numbered = get(&hub, &format!("{path}?format=numbered")).await;
    assert_eq!(numbered.body, "     1\tone\n     2\t\"two\"\n");
    let file = get(&hub, &format!("{path}?format=automerge&version=1")).await;
    assert_eq!(file.header("content-type"), "application/vnd.automerge");
    assert_eq!(file.body, [FILE, b"\"one\\n\\\"two\\\"\\n\""].concat());
    let id = whole.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"{id}.automerge\""));
    assert_eq!(file.header("etag"), whole.header("etag"));
    assert_eq!(get(&hub, &format!("{path}?format=json")).await.body, whole.body);
    get(&hub, &format!("{path}?format=xml")).await.problem(400, "bad-query");

    for format in ["text", "numbered", "automerge", "json"] {
        let ask = || hub.get(&format!("{path}?format={format}")).user("ada");
        let spared = ask().header("if-none-match", whole.header("etag")).send().await;
        assert_eq!((spared.status.as_u16(), spared.body.len()), (304, 0), "{format}");
        ask().header("if-match", "\"no\"").send().await.problem(412, "precondition-failed");
    }
    let head = hub.ask("HEAD", &format!("{path}?format=text")).user("ada").send().await;
    assert_eq!((head.header("content-length"), head.body.len()), ("10", 0));
    hub.stop().await;
}

#[tokio::test]
async fn accept_chooses_the_form_and_costs_nothing_where_it_does_not() {
    let hub = Hub::start().await;
    let path = hub.text("one").await;
    let accepting = |accept: &'static str| hub.get(&path).user("ada").header("accept", accept).send();
    for accept in ["*/*", "application/json"] {
        assert_eq!(accepting(accept).await.header("content-type"), "application/json");
    }
    assert_eq!(hub.model.peeks(), 2);
    assert_eq!(accepting("text/plain").await.body, "one");
    assert_eq!(accepting("application/vnd.automerge").await.header("hub-version"), "1");
    assert_eq!(hub.model.peeks(), 2);
    let problem = accepting("image/png").await.problem(406, "not-acceptable");
    assert_eq!(problem["offered"], json!(["application/json", "text/plain", "application/vnd.automerge"]));
    // What the query names goes first.
    let named =
        hub.get(&format!("{path}?format=text")).user("ada").header("accept", "image/png").send().await;
    assert_eq!(named.body, "one");
    hub.stop().await;
}

#[tokio::test]
async fn json_is_laid_out_as_text() {
    let hub = Hub::start().await;
    let content = json!({"a": [1, 2.5], "b": {}});
    let path = hub.create("ada", json!({"name": "n", "doc_type": "Json", "content": content})).await;
    let plain = get(&hub, &format!("{path}?format=text")).await;
    assert_eq!(plain.body, serde_json::to_string_pretty(&content).unwrap() + "\n");
    hub.stop().await;
}

#[tokio::test]
async fn a_file_becomes_a_document() {
    let hub = Hub::start().await;
    let import = |query: &str| {
        let ask = hub.ask("POST", &format!("/documents{query}")).user("ada");
        ask.header("content-type", "application/vnd.automerge").header("idempotency-key", "i")
    };
    let file = [FILE, b"\"hello\""].concat();
    let made = import("?name=a%20plan").body(file.clone()).send().await;
    assert_eq!(made.status, 201);
    let document = made.json();
    assert_eq!((&document["name"], &document["content"]), (&json!("a plan"), &json!("hello")));
    assert_eq!((&document["doc_type"], &document["access"]), (&json!("Text"), &json!("owner")));
    assert_eq!(made.header("location"), format!("/documents/{}", document["id"].as_str().unwrap()));
    assert_eq!(import("?name=a%20plan").body(file.clone()).send().await.body, made.body);
    // Another name is another request.
    import("?name=b").body(file.clone()).send().await.problem(422, "idempotency-key-reused");

    let fresh = |query: &str, file: &[u8]| {
        let ask = hub.ask("POST", &format!("/documents{query}")).user("ada");
        ask.header("content-type", "Application/vnd.Automerge; x=y").body(file.to_vec()).send()
    };
    assert_eq!(fresh("", &file).await.json()["name"], "");
    fresh("", b"%PDF").await.problem(422, "bad-automerge-file");
    fresh("?label=x", &file).await.problem(400, "bad-query");
    fresh(&format!("?name={}", "n".repeat(513)), &file).await.problem(422, "name-too-long");
    hub.model.refuse_next(Refusal::TooLarge { what: LimitKind::Document, limit: 5, actual: Some(9) });
    fresh("", &file).await.problem(413, "document-too-large");
    hub.stop().await;
}

#[tokio::test]
async fn a_file_that_is_too_large_to_hand_out_says_so() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    hub.model.refuse_next(Refusal::TooLarge { what: LimitKind::Export, limit: 5, actual: Some(9) });
    let problem = get(&hub, &format!("{path}?format=automerge")).await.problem(422, "export-too-large");
    assert_eq!((&problem["limit"], &problem["actual"]), (&json!(5), &json!(9)));
    hub.stop().await;
}
