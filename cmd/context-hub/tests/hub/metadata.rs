//! Names and labels: what is said of documents, and found by it in lists.

use crate::support::{Ask, TestHub, User};
use futures::future::join_all;
use serde_json::{Value, json};
use std::cmp::Reverse;

fn set(user: &User, path: &str, patch: &Value) -> Ask {
    user.ask("PATCH", &format!("{path}/metadata")).json(patch)
}

/// A document with a name and labels; gives its path.
async fn make(user: &User, name: &str, doc_type: &str, labels: Value) -> String {
    let made = user.post(&json!({"name": name, "doc_type": doc_type, "labels": labels})).send().await;
    assert_eq!(made.json(201)["labels"], labels);
    made.header("location").to_owned()
}

/// All documents of a list, page by page, and the count that each page gives.
async fn all(user: &User, query: &str, limit: usize) -> (Vec<Value>, Vec<Value>) {
    let (mut found, mut counts) = (vec![], vec![]);
    let mut next = format!("/documents?limit={limit}&{query}");
    loop {
        let page = user.get(&next).send().await;
        let body = page.json(200);
        let documents = body["documents"].as_array().unwrap();
        assert!(documents.len() <= limit);
        found.extend(documents.iter().cloned());
        counts.push(body["count"].clone());
        if body["next_cursor"].is_null() {
            return (found, counts);
        }
        // As a client would: by the link.
        let link = page.header("link");
        next = link.strip_prefix('<').unwrap().split_once('>').unwrap().0.to_owned();
    }
}

async fn names(user: &User, query: &str) -> Vec<String> {
    let (documents, _) = all(user, query, 3).await;
    documents.iter().map(|document| document["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_renamed_and_labelled_and_its_content_stays() {
    let hub = TestHub::start().await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let path = make(&ada, "notes", "Text", json!({"team": "a", "old": "x"})).await;
    let before = ada.get(&path).send().await;
    let token = ada.get("/changes?wait=0").send().await.json(200)["token"].as_str().unwrap().to_owned();

    let patch = json!({"name": "plans", "labels": {"team": "b", "stage": "draft", "old": null}});
    let renamed = set(&ada, &path, &patch).key("once").send().await;
    let now = renamed.json(200);
    assert_eq!((&now["name"], &now["labels"]), (&json!("plans"), &json!({"stage": "draft", "team": "b"})));
    let was = before.json(200);
    for member in ["version", "heads", "updated_at", "created_at", "content", "access"] {
        assert_eq!(now[member], was[member], "{member} stays");
    }
    assert_eq!(renamed.header("etag"), before.header("etag"));
    assert_eq!(ada.read(&path).await, now);
    assert_eq!(ada.read(&format!("{path}?version=1")).await, now, "the past has the name of today");

    // An edit against the version from before goes through, and leaves name and labels.
    let edited = ada.replace(&path, 1, json!("more")).await;
    assert_eq!(
        (&edited["version"], &edited["name"], &edited["labels"]),
        (&json!(2), &now["name"], &now["labels"])
    );
    // The same key is the same change, whatever was changed since.
    set(&ada, &path, &json!({"name": "third"})).send().await.json(200);
    assert_eq!(set(&ada, &path, &patch).key("once").send().await.json(200)["name"], "third");
    set(&ada, &path, &json!({"name": "other"}))
        .key("once")
        .send()
        .await
        .problem(422, "idempotency-key-reused");

    let feed = ada.get(&format!("/changes?wait=0&since={token}")).send().await;
    let told: Vec<Value> = feed.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["metadata", "changed", "metadata", "bookmark"]);

    let hub = hub.restart().await;
    let kept = hub.user("ada").read(&path).await;
    assert_eq!((&kept["name"], &kept["labels"]), (&json!("third"), &now["labels"]));
    assert_eq!(kept["version"], 2);

    set(&bob, &path, &json!({"name": "mine"})).send().await.problem(404, "not-found");
    ada.grant(&path, "bob", "read").await;
    set(&bob, &path, &json!({"name": "mine"})).send().await.problem(403, "forbidden");
    ada.grant(&path, "bob", "write").await;
    let both = set(&bob, &path, &json!({"name": "ours", "labels": null})).send().await.json(200);
    assert_eq!(
        (&both["name"], &both["labels"], &both["access"]),
        (&json!("ours"), &json!({}), &json!("write"))
    );
    assert_eq!(ada.read(&path).await["name"], "ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_is_kept_to_and_limits_are_too() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = make(&ada, "notes", "Text", json!({})).await;
    let tag = ada.get(&path).send().await.header("etag").to_owned();
    let on =
        |name: &str, tag: &str| set(&ada, &path, &json!({ "name": name })).header("if-match", tag).send();
    assert_eq!(on("first", &tag).await.json(200)["name"], "first");
    ada.replace(&path, 1, json!("more")).await;
    on("second", &tag).await.problem(412, "precondition-failed");
    assert_eq!(ada.read(&path).await["name"], "first");

    let many = |from: usize, count: usize| -> Value {
        (from..from + count).map(|number| (format!("l{number}"), json!("x"))).collect()
    };
    set(&ada, &path, &json!({ "labels": many(0, 33) })).send().await.problem(422, "too-many-labels");
    set(&ada, &path, &json!({ "labels": many(0, 32) })).send().await.json(200);
    set(&ada, &path, &json!({ "labels": many(9, 32) })).send().await.problem(422, "too-many-labels");
    let swap = json!({ "labels": { "l0": null, "new": "y" } });
    let labels = set(&ada, &path, &swap).send().await.json(200)["labels"].take();
    assert_eq!(labels.as_object().unwrap().len(), 32);

    for (patch, slug) in [
        (json!({"labels": {"a b": "x"}}), "invalid-body"),
        (json!({"labels": {"a": 1}}), "invalid-body"),
        (json!({"name": null}), "invalid-body"),
        (json!({"content": "x"}), "invalid-body"),
        (json!({"labels": {"a": "x".repeat(257)}}), "label-too-long"),
        (json!({"labels": {"a".repeat(129): "x"}}), "label-too-long"),
        (json!({"name": "x".repeat(513)}), "name-too-long"),
    ] {
        set(&ada, &path, &patch).send().await.problem(422, slug);
    }
    let twice =
        ada.ask("PATCH", &format!("{path}/metadata")).header("content-type", "application/merge-patch+json");
    twice.body(r#"{"labels":{"l1":"x","l1":"y"}}"#).send().await.problem(422, "invalid-body");
    let create = json!({"name": "n", "doc_type": "Text", "labels": {"a:b": "x"}});
    ada.post(&create).send().await.problem(422, "invalid-body");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_sorted_and_counted() {
    let hub = TestHub::start().await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let mut made = Vec::new();
    for (number, name) in ["delta", "alpha", "charlie", "bravo", "alpine", "echo", "a b"].iter().enumerate() {
        let doc_type = if number % 2 == 0 { "Text" } else { "Json" };
        let labels = if number % 3 == 0 { json!({"team": "a:1", "even": ""}) } else { json!({"team": "b"}) };
        made.push((make(&ada, name, doc_type, labels).await, *name));
    }
    // Bob's lies in another slot, most likely of another shard.
    let bobs = make(&bob, "foxtrot", "Text", json!({"team": "b"})).await;
    make(&bob, "golf", "Text", json!({"team": "b"})).await;
    bob.grant(&bobs, "ada", "read").await;

    let mut sorted: Vec<_> =
        made.iter().map(|(_, name)| (*name).to_owned()).chain(["foxtrot".to_owned()]).collect();
    sorted.sort();
    assert_eq!(names(&ada, "sort=name").await, sorted);
    sorted.reverse();
    assert_eq!(names(&ada, "sort=-name").await, sorted);
    let time = |document: &Value| document["created_at"].as_str().unwrap().to_owned();
    let (up, _) = all(&ada, "sort=created_at&owner=ada", 3).await;
    assert!(up.len() == made.len() && up.is_sorted_by_key(time));
    let (mut down, _) = all(&ada, "sort=-created_at&owner=ada", 2).await;
    down.reverse();
    assert_eq!(down, up);
    // What was changed last is first; a rename is no change of the content.
    ada.replace(&made[2].0, 1, json!("changed")).await;
    set(&ada, &made[0].0, &json!({"name": "zulu"})).send().await.json(200);
    let (updated, _) = all(&ada, "sort=-updated_at", 2).await;
    assert_eq!((&updated[0]["name"], updated.len()), (&json!("charlie"), 8));
    assert!(
        updated.is_sorted_by_key(|document| Reverse(document["updated_at"].as_str().unwrap().to_owned()))
    );
    let titles = names(&ada, "sort=name&name=al").await;
    assert_eq!(titles, ["alpha", "alpine"]);

    let count = |query: &'static str| {
        let ada = ada.clone();
        async move {
            let (found, counts) = all(&ada, &format!("{query}&count=true"), 2).await;
            assert!(counts.iter().all(|count| *count == json!(found.len())), "{query}: {counts:?}");
            found.len()
        }
    };
    let counted = [
        ("", 8),
        ("label=team", 8),
        ("label=team:b", 5),
        ("label=team:a:1", 3),
        ("label=even", 3),
        ("label=even:", 3),
        ("label=team:b&label=even", 0),
        ("doc_type=Json", 3),
        ("doc_type=Text&label=team:b", 3),
        ("owner=bob", 1),
        ("owner=ada", 7),
        ("owner=eve", 0),
        ("name=a%20b", 1),
        ("label=team:b&sort=-name", 5),
        ("name=z&sort=name", 1),
    ];
    let found = join_all(counted.iter().map(|(query, _)| count(query))).await;
    for ((query, expected), found) in counted.iter().zip(found) {
        assert_eq!(found, *expected, "{query}");
    }
    let shown = ada.get("/documents?label=even&sort=name&limit=1").send().await.json(200);
    assert_eq!(shown["documents"][0]["labels"], json!({"even": "", "team": "a:1"}));
    assert!(shown.get("count").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_belongs_to_its_filter_and_its_order() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    for number in 0..3 {
        make(&ada, &format!("n{number}"), "Text", json!({"team": "a"})).await;
    }
    let lists =
        ["", "label=team:a", "label=team", "sort=name", "sort=-name", "sort=updated_at", "sort=name&name=n"];
    let mut cursors = Vec::new();
    for list in lists {
        let page = ada.get(&format!("/documents?limit=1&{list}")).send().await.json(200);
        cursors.push(page["next_cursor"].as_str().unwrap().to_owned());
    }
    for (at, list) in lists.iter().enumerate() {
        for (of, cursor) in cursors.iter().enumerate() {
            let page = ada.get(&format!("/documents?limit=2&count=true&{list}&cursor={cursor}")).send().await;
            if at == of {
                assert_eq!(page.json(200)["count"], 3);
            } else {
                page.problem(400, "bad-cursor");
            }
        }
    }
    for query in ["sort=size", "doc_type=text", "label=a%20b", "count=maybe", "owner="] {
        ada.get(&format!("/documents?{query}")).send().await.problem(400, "bad-query");
    }
}
