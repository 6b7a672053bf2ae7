//! Nobody's edit is lost to somebody else's, however late it comes and however many come at once.

use crate::support::TestHub;
use futures::future::join_all;
use serde_json::{Value, json};

/// Writers who all start from one version.
const WRITERS: u64 = 24;

fn mark(number: u64) -> String {
    format!("⟦🖋{number}⟧")
}

#[tokio::test]
async fn edits_of_a_text_at_stale_versions_merge() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("The quick fox jumps.").await;
    ada.replace(&path, 1, json!("The quick brown fox jumps.")).await;
    ada.replace(&path, 1, json!("The quick fox jumps over the dog.")).await;
    let splice = json!([{"op": "splice", "position": 0, "delete": 3, "insert": "A"}]);
    let merged = ada.edit(&path, 1, splice).await;
    assert_eq!(merged["content"], "A quick brown fox jumps over the dog.");
    assert_eq!(merged["version"], 4);
}

#[tokio::test]
async fn edits_of_json_at_stale_versions_merge() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let first = json!({"title": "plan", "tasks": ["a", "b"], "votes": {"$counter": 1}, "draft": true});
    let path = ada.object(first).await;
    let by_one =
        json!({"title": "the plan", "tasks": ["a", "b", "c"], "votes": {"$counter": 3}, "draft": true});
    let by_other = json!({"title": "plan B", "tasks": ["0", "a", "b"], "votes": {"$counter": 0}});
    ada.replace(&path, 1, by_one).await;
    let merged = ada.replace(&path, 1, by_other).await;
    let expected = json!({"title": "the plan B", "tasks": ["0", "a", "b", "c"], "votes": {"$counter": 2}});
    assert_eq!(merged["content"], expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_of_one_text_keep_every_mark() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let (before, after) = ("One line.\nAnd here: ", " the end.\n");
    let path = ada.text(&format!("{before}{after}")).await;
    let position = before.encode_utf16().count();
    let edits = (0..WRITERS).map(|number| {
        let mark = mark(number);
        let ask = if number % 2 == 0 {
            ada.put(&path, &json!({"version": 1, "content": format!("{before}{mark}{after}")}))
        } else {
            ada.patch(&path, 1, &json!([{"op": "splice", "position": position, "insert": mark}]))
        };
        async move { (number, ask.send().await.json(200)) }
    });
    for (number, answer) in join_all(edits).await {
        let content = answer["content"].as_str().unwrap();
        assert!(content.contains(&mark(number)), "its own answer lacks mark {number}: {content}");
    }
    let merged = ada.content(&path).await;
    let mut merged = merged.as_str().unwrap().to_owned();
    for number in 0..WRITERS {
        assert_eq!(merged.matches(&mark(number)).count(), 1, "mark {number} in {merged}");
        merged = merged.replace(&mark(number), "");
    }
    assert_eq!(merged, format!("{before}{after}"), "nothing but marks came in");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_of_one_json_keep_every_item_and_count() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.object(json!({"items": [], "count": {"$counter": 0}, "by": {}})).await;
    let edits = (0..WRITERS).map(|number| {
        let ask = if number % 2 == 0 {
            let content =
                json!({"items": [number], "count": {"$counter": 1}, "by": {number.to_string(): true}});
            ada.put(&path, &json!({"version": 1, "content": content}))
        } else {
            let ops = json!([
                {"op": "insert", "path": ["items", 0], "value": number},
                {"op": "increment", "path": ["count"], "by": 1},
                {"op": "set", "path": ["by", number.to_string()], "value": true},
            ]);
            ada.patch(&path, 1, &ops)
        };
        async move { ask.send().await.json(200) }
    });
    join_all(edits).await;
    let content = ada.content(&path).await;
    let mut items: Vec<u64> = content["items"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    items.sort_unstable();
    assert_eq!(items, (0..WRITERS).collect::<Vec<_>>());
    assert_eq!(content["count"], json!({"$counter": WRITERS}));
    assert_eq!(content["by"].as_object().unwrap().len() as u64, WRITERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_who_follow_each_other_closely_lose_nothing() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("").await;
    let rounds = 12;
    let writers = (0..6_u64).map(|writer| {
        let (ada, path) = (ada.clone(), path.clone());
        async move {
            let mut seen = ada.read(&path).await;
            for round in 0..rounds {
                let content = format!("{}{}", seen["content"].as_str().unwrap(), mark(writer * 100 + round));
                seen = ada.replace(&path, seen["version"].as_u64().unwrap(), json!(content)).await;
            }
        }
    });
    join_all(writers).await;
    let merged = ada.content(&path).await;
    for writer in 0..6 {
        let places = (0..rounds).map(|round| merged.as_str().unwrap().find(&mark(writer * 100 + round)));
        let places: Vec<_> = places.map(|place| place.expect("every mark is there")).collect();
        assert!(places.is_sorted(), "what one writer wrote stays in its order");
    }
    assert_eq!(merged.as_str().unwrap().matches('🖋').count() as u64, 6 * rounds);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_shown_as_it_was_while_others_write() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    for _ in 0..8 {
        let path = ada.text("first").await;
        let first = ada.read(&path).await;
        let heads = first["heads"][0].as_str().unwrap();
        let reads = (0..WRITERS).map(|number| {
            let splice = json!([{"op": "splice", "position": 0, "insert": mark(number)}]);
            let write = ada.patch(&path, 1, &splice);
            let named = if number % 2 == 0 { "version=1".to_owned() } else { format!("heads={heads}") };
            let read = ada.get(&format!("{path}?{named}"));
            async move { tokio::join!(write.send(), read.send()) }
        });
        for (written, read) in join_all(reads).await {
            written.json(200);
            let read = read.json(200);
            assert_eq!((&read["version"], &read["content"]), (&json!(1), &json!("first")));
        }
    }
}
