//! Names and labels, and lists that are filtered, sorted and counted, in front of a model that does it the simplest way.

use crate::support::Hub;
use serde_json::{Value, json};

#[tokio::test]
async fn metadata_is_a_merge_patch() {
    let hub = Hub::start().await;
    let labels = json!({"team": "a", "old": "x"});
    let path = hub.create("ada", json!({"name": "n", "doc_type": "Text", "labels": labels})).await;
    let metadata = format!("{path}/metadata");
    let set = |patch: Value| hub.ask("PATCH", &metadata).user("ada").json(&patch).send();
    let shown = hub.get(&path).user("ada").send().await;
    assert_eq!(shown.json()["labels"], labels);
    let patched = set(json!({"name": "m", "labels": {"old": null, "stage": "b"}})).await;
    let now = patched.json();
    assert_eq!((patched.status.as_u16(), &now["name"]), (200, &json!("m")));
    assert_eq!((&now["labels"], &now["version"]), (&json!({"stage": "b", "team": "a"}), &json!(1)));
    assert_eq!(patched.header("etag"), shown.header("etag"));
    assert_eq!(set(json!({})).await.json(), now);
    assert_eq!(set(json!({"labels": null})).await.json()["labels"], json!({}));

    set(json!({"labels": {"": "x"}})).await.problem(422, "invalid-body");
    set(json!({"name": null})).await.problem(422, "invalid-body");
    let ask = || hub.ask("PATCH", &metadata).user("ada").body("{}");
    assert_eq!(ask().header("content-type", "application/merge-patch+json").send().await.status, 200);
    ask().header("content-type", "text/plain").send().await.problem(415, "unsupported-media-type");
    assert_eq!(
        hub.ask("PATCH", &format!("/api/v1{metadata}")).user("ada").json(&json!({})).send().await.status,
        200
    );
    hub.ask("GET", &metadata).user("ada").send().await.problem(405, "method-not-allowed");
    hub.stop().await;
}

#[tokio::test]
async fn labels_have_their_limits() {
    let hub = Hub::start_with(|config| {
        config.limits.labels = 2;
        config.limits.label_key_bytes = 3;
        config.limits.label_value_bytes = 4;
    })
    .await;
    let create = |labels: Value| {
        let body = json!({"name": "n", "doc_type": "Text", "labels": labels});
        hub.ask("POST", "/documents").user("ada").json(&body).send()
    };
    assert_eq!(create(json!({"abc": "1234", "b": "éé"})).await.status, 201);
    let many = create(json!({"a": "", "b": "", "c": ""})).await.problem(422, "too-many-labels");
    assert_eq!((&many["limit"], &many["actual"]), (&json!(2), &json!(3)));
    let key = create(json!({"abcd": ""})).await.problem(422, "label-too-long");
    assert_eq!((&key["limit"], &key["actual"]), (&json!(3), &json!(4)));
    let value = create(json!({"a": "ééé"})).await.problem(422, "label-too-long");
    assert_eq!((&value["limit"], &value["actual"], &value["label"]), (&json!(4), &json!(6), &json!("a")));
    hub.stop().await;
}

#[tokio::test]
async fn a_sorted_list_is_merged_from_all_shards() {
    let hub = Hub::start().await;
    // Documents of many users lie in all shards; all are shared with Ada.
    let mut expected = Vec::new();
    for number in 0..40 {
        let (user, name) = (format!("user{number}"), format!("{:02}", (number * 17) % 40));
        let labels = json!({"third": (number % 3).to_string()});
        let path = hub.create(&user, json!({"name": name, "doc_type": "Text", "labels": labels})).await;
        let share = json!({"principal": "ada", "access_level": "read"});
        let shared = hub.ask("POST", &format!("{path}/share")).user(&user).json(&share).send().await;
        assert_eq!(shared.status, 200);
        expected.push((name, number % 3));
    }
    expected.sort();
    for (query, third) in [("", None), ("&label=third:1", Some(1))] {
        let wanted = expected.iter().filter(|(_, of)| third.is_none_or(|third| third == *of));
        let wanted: Vec<_> = wanted.map(|(name, _)| name.clone()).collect();
        for (sort, limit) in [("name", 7), ("-name", 3), ("name", 200)] {
            let (mut found, mut next) = (Vec::new(), String::new());
            loop {
                let url = format!("/documents?sort={sort}&limit={limit}&count=true{query}{next}");
                let page = hub.get(&url).user("ada").send().await.json();
                assert_eq!(page["count"], wanted.len(), "{url}");
                let documents = page["documents"].as_array().unwrap();
                found.extend(documents.iter().map(|one| one["name"].as_str().unwrap().to_owned()));
                let Some(cursor) = page["next_cursor"].as_str() else { break };
                assert_eq!(documents.len(), limit);
                next = format!("&cursor={cursor}");
            }
            if sort.starts_with('-') {
                found.reverse();
            }
            assert_eq!(found, wanted, "{sort}{query} by {limit}");
        }
    }
    hub.stop().await;
}
