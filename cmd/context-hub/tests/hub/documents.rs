//! The life of a document: made, read, replaced, edited, read as it was, deleted.

use crate::support::{TestHub, User};
use base::DocId;
use serde_json::{Value, json};

#[tokio::test]
async fn a_text_from_its_creation_to_its_end() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let body = json!({"name": "Plan", "doc_type": "Text", "content": "Ship it."});
    let made = ada.post(&body).send().await;
    let first = made.json(201);
    let id: DocId = first["id"].as_str().unwrap().parse().unwrap();
    let path = format!("/documents/{id}");
    assert_eq!(made.header("location"), path);
    assert_eq!(
        (&first["name"], &first["doc_type"], &first["content"]),
        (&body["name"], &body["doc_type"], &body["content"])
    );
    assert_eq!(
        (&first["version"], &first["owner"], &first["access"]),
        (&json!(1), &json!("ada"), &json!("owner"))
    );
    assert_eq!(first["url"], id.automerge_url());
    assert_eq!(first["created_at"], first["updated_at"]);

    let read = ada.get(&path).send().await;
    assert_eq!((read.header("etag"), read.json(200)), (made.header("etag"), first.clone()));

    let second = ada.replace(&path, 1, json!("Ship it on Friday.")).await;
    assert_eq!((&second["version"], &second["content"]), (&json!(2), &json!("Ship it on Friday.")));
    assert_ne!(second["heads"], first["heads"]);

    let splice = json!([{"op": "splice", "position": 0, "insert": "Please: "}]);
    let patch = json!({"heads": second["heads"], "ops": splice});
    let third = ada.ask("PATCH", &path).json(&patch).send().await.json(200);
    assert_eq!((&third["version"], &third["content"]), (&json!(3), &json!("Please: Ship it on Friday.")));
    assert_eq!(ada.read(&path).await, third);

    for (version, then) in [(1, &first), (2, &second), (3, &third)] {
        assert_eq!(ada.read(&format!("{path}?version={version}")).await, *then);
        let heads = then["heads"][0].as_str().unwrap();
        assert_eq!(ada.read(&format!("{path}?heads={heads}")).await, *then);
    }
    let problem = ada.get(&format!("{path}?version=4")).send().await.problem(422, "unknown-version");
    assert_eq!((&problem["asked"], &problem["newest"]), (&json!(4), &json!(3)));
    let stranger = "00".repeat(32);
    let unknown = ada.get(&format!("{path}?heads={stranger}")).send().await;
    assert_eq!(unknown.problem(422, "unknown-heads")["hash"], stranger);

    let deleted = ada.delete(&path).send().await;
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    for gone in [path.clone(), format!("{path}?version=1"), format!("{path}/access")] {
        ada.get(&gone).send().await.problem(404, "not-found");
    }
    ada.put(&path, &json!({"version": 3, "content": "back"})).send().await.problem(404, "not-found");
    ada.delete(&path).send().await.problem(404, "not-found");
}

#[tokio::test]
async fn every_form_of_a_path_leads_to_the_document() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let body = json!({"name": "", "doc_type": "Text", "content": "hello"});
    let made = ada.ask("POST", "/api/v1/documents").json(&body).send().await;
    let document = made.json(201);
    let (id, url) = (document["id"].as_str().unwrap(), document["url"].as_str().unwrap());
    assert_eq!(made.header("location"), format!("/api/v1/documents/{id}"));
    let bare = url.strip_prefix("automerge:").unwrap();
    for name in [id, url, bare, &url.replace(':', "%3A"), &id.to_uppercase()] {
        for prefix in ["", "/api/v1"] {
            assert_eq!(ada.read(&format!("{prefix}/documents/{name}")).await, document, "{prefix} {name}");
        }
    }
    let edited = ada.replace(&format!("/documents/{url}"), 1, json!("hello there")).await;
    assert_eq!(ada.read(&format!("/documents/{id}")).await, edited);
}

#[tokio::test]
async fn every_operation_on_json() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let content = json!({
        "title": "board", "tasks": [{"title": "write", "done": false}], "votes": {"$counter": 40},
        "due": {"$timestamp": 1_700_000_000_000_u64}, "key": {"$bytes": "AAEC"}, "nothing": null,
    });
    let path = ada.object(content).await;
    let ops = json!([
        {"op": "set", "path": ["tasks", 0, "done"], "value": true},
        {"op": "insert", "path": ["tasks", 1], "value": {"title": "review", "tags": ["a"]}},
        {"op": "insert", "path": ["tasks", 0], "value": "first"},
        {"op": "splice", "path": ["tasks", 1, "title"], "position": 5, "insert": " tests"},
        {"op": "splice", "path": ["title"], "position": 0, "delete": 5, "insert": "plan"},
        {"op": "increment", "path": ["votes"], "by": 5},
        {"op": "increment", "path": ["votes"], "by": -3},
        {"op": "delete", "path": ["nothing"]},
        {"op": "set", "path": ["due"], "value": {"$timestamp": -1}},
        {"op": "set", "path": ["key"], "value": {"$bytes": ""}},
        {"op": "set", "path": ["ratio"], "value": 0.5},
        {"op": "set", "path": ["big"], "value": i64::MIN},
        {"op": "delete", "path": ["tasks", 0]},
    ]);
    let edited = ada.edit(&path, 1, ops).await;
    let expected = json!({
        "title": "plan",
        "tasks": [{"title": "write tests", "done": true}, {"title": "review", "tags": ["a"]}],
        "votes": {"$counter": 42}, "due": {"$timestamp": -1}, "key": {"$bytes": ""}, "ratio": 0.5, "big": i64::MIN,
    });
    assert_eq!(edited["content"], expected);
    assert_eq!(edited["version"], 2, "one edit is one version, however many operations it has");
    assert_eq!(ada.content(&path).await, expected);
}

#[tokio::test]
async fn an_edit_that_does_not_fit_changes_nothing_and_names_its_fault() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.object(json!({"list": [1, 2], "text": "abc", "count": {"$counter": 0}})).await;
    let before = ada.read(&path).await;
    let faults = [
        json!({"op": "set", "path": ["list", 3], "value": 0}),
        json!({"op": "set", "path": [], "value": []}),
        json!({"op": "set", "path": ["text"], "value": {"$counter": "many"}}),
        json!({"op": "insert", "path": ["list", 0], "value": [{"$bytes": "?"}]}),
        json!({"op": "delete", "path": []}),
        json!({"op": "delete", "path": ["nowhere"]}),
        json!({"op": "delete", "path": ["list", 9]}),
        json!({"op": "insert", "path": ["list", 4], "value": 0}),
        json!({"op": "insert", "path": ["text", 0], "value": 0}),
        json!({"op": "splice", "path": ["text"], "position": 4, "insert": "x"}),
        json!({"op": "splice", "path": ["text"], "position": 1, "delete": 3}),
        json!({"op": "splice", "path": ["list"], "position": 0, "insert": "x"}),
        json!({"op": "increment", "path": ["text"], "by": 1}),
    ];
    for fault in faults {
        let good = json!({"op": "insert", "path": ["list", 2], "value": 3});
        let refused = ada.patch(&path, 1, &json!([good, fault])).send().await;
        assert_eq!(refused.problem(422, "bad-edit")["operation"], 1, "{fault}");
        assert_eq!(ada.read(&path).await, before, "{fault}");
    }
    for (kind, content) in [("Text", json!({})), ("Json", json!("text")), ("Json", json!([]))] {
        let body = json!({"name": "", "doc_type": kind, "content": content});
        ada.post(&body).send().await.problem(422, "bad-edit");
    }
    ada.put(&path, &json!({"version": 1, "content": "text"})).send().await.problem(422, "bad-edit");
}

#[tokio::test]
async fn positions_count_what_the_client_counts() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let splice = |unit: &str, position: u64| {
        let ops = json!([{"op": "splice", "position": position, "insert": "|"}]);
        json!({"version": 1, "unit": unit, "ops": ops})
    };
    for (unit, position) in [("utf16", 3), ("scalar", 2)] {
        let path = ada.text("a🖋b").await;
        let edited = ada.ask("PATCH", &path).json(&splice(unit, position)).send().await.json(200);
        assert_eq!(edited["content"], "a🖋|b", "{unit}");
    }
    let path = ada.text("a🖋b").await;
    let torn = ada.ask("PATCH", &path).json(&splice("utf16", 2)).send().await;
    torn.problem(422, "bad-edit");
}

#[tokio::test]
async fn reading_and_writing_back_changes_nothing() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let text = ada.text("naïve 🖋🏽‍♀️ e\u{301}\r\n\ttabs and \u{0} and \u{10ffff}").await;
    let object = ada
        .object(json!({
            "counter": {"$counter": -7}, "time": {"$timestamp": 1}, "bytes": {"$bytes": "/+8="},
            "float": {"$float": "NaN"}, "five": 5, "five point zero": 5.0, "minus zero": -0.0,
            "largest": u64::MAX, "smallest": i64::MIN, "tiny": 5e-324, "huge": 1.797_693_134_862_315_7e308,
            "looks like a tag": {"$map": {"$counter": 1}}, "ref": {"$ref": "x"}, "": "", "null": null,
            "list": [[], {}, [true, false, null], "🖋", {"deep": [{"er": {"$counter": 2}}]}],
        }))
        .await;
    for path in [text, object] {
        let before = ada.get(&path).send().await;
        // The very bytes that were read, so that nothing is lost between the numbers of two languages.
        let content = before.text().split_once(",\"content\":").unwrap().1;
        let body = format!("{{\"version\":1,\"content\":{content}");
        let put = ada.ask("PUT", &path).header("content-type", "application/json").body(body).send().await;
        assert_eq!(put.text(), before.text());
        assert_eq!(put.json(200)["version"], 1);
        assert_eq!(put.header("etag"), before.header("etag"));
    }
}

#[tokio::test]
async fn a_state_that_someone_else_made_is_read_by_its_version() {
    let hub = TestHub::start().await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let path = ada.text("0").await;
    ada.grant(&path, "bob", "write").await;
    let mut states = vec![ada.read(&path).await];
    let writers: [&User; 2] = [&ada, &bob];
    for version in 1..=20_u64 {
        let writer = writers[version as usize % 2];
        states.push(writer.replace(&path, version, json!(format!("{version}"))).await);
    }
    let reader = &bob;
    for state in &states {
        let then = reader.read(&format!("{path}?version={}", state["version"])).await;
        let same = ["content", "heads", "version", "updated_at"].map(|member| then[member] == state[member]);
        assert_eq!(same, [true; 4], "{then} is not {state}");
        assert_eq!(then["access"], Value::from("write"));
    }
}
