//! The feed of several shards, as its reader sees it.

use crate::support::Hub;
use base::{DocId, ShardId};
use futures::future::join_all;
use rpc::Shards;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// One whose documents are in each shard, with one that ada may read.
struct Writers {
    paths: BTreeMap<ShardId, (String, String)>,
}

impl Writers {
    async fn of(hub: &Hub) -> Writers {
        let mut paths = BTreeMap::new();
        for number in 0.. {
            let user = format!("writer-{number}");
            let path = hub.create(&user, json!({"name": "n", "doc_type": "Text", "content": "v0"})).await;
            let id: DocId = path.strip_prefix("/documents/").unwrap().parse().unwrap();
            let shard = hub.model.shard_of(id).unwrap();
            if paths.contains_key(&shard) {
                continue;
            }
            let share = json!({"principal": "ada", "access_level": "read"});
            let shared = hub.ask("POST", &format!("{path}/share")).user(&user).json(&share).send().await;
            assert_eq!(shared.status, 200);
            paths.insert(shard, (user, path));
            if paths.len() == hub.model.shards().len() {
                break;
            }
        }
        Writers { paths }
    }

    /// Makes the version behind `version` of all documents.
    async fn write(&self, hub: &Hub, version: u64) {
        for (user, path) in self.paths.values() {
            let edit = json!({"content": format!("v{version}"), "version": version});
            assert_eq!(hub.ask("PUT", path).user(user).json(&edit).send().await.status, 200);
        }
    }
}

async fn page(hub: &Hub, since: &str, query: &str) -> (Vec<Value>, String) {
    let page = hub.get(&format!("/changes?since={since}{query}")).user("ada").send().await;
    assert_eq!(page.status, 200);
    let text = std::str::from_utf8(&page.body).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let bookmark = lines.pop().unwrap();
    assert_eq!(bookmark["type"], "bookmark");
    (lines, token_of(&bookmark))
}

async fn now(hub: &Hub) -> String {
    let page = hub.get("/changes?wait=0").user("ada").send().await;
    token_of(&serde_json::from_slice(&page.body).unwrap())
}

fn token_of(line: &Value) -> String {
    line["token"].as_str().unwrap().to_owned()
}

/// The versions that were told of each document, in this order.
fn told(events: &[Value]) -> BTreeMap<String, Vec<u64>> {
    let mut told = BTreeMap::<String, Vec<u64>>::new();
    for event in events {
        let versions = told.entry(event["document"].to_string()).or_default();
        versions.push(event["version"].as_u64().unwrap());
    }
    told
}

fn happened(event: &Value) -> (&Value, &Value) {
    (&event["document"], &event["version"])
}

#[tokio::test]
async fn what_is_at_hand_is_told_in_the_order_of_time_and_resumed_behind_any_event() {
    let hub = Hub::start().await;
    let writers = Writers::of(&hub).await;
    let begin = now(&hub).await;
    for version in 1..=5 {
        writers.write(&hub, version).await;
    }
    let (all, end) = page(&hub, &begin, "&wait=0").await;
    assert_eq!(all.len(), 5 * writers.paths.len());
    assert!(all.is_sorted_by_key(|event| event["at"].as_str().unwrap()), "{all:#?}");
    for (at, event) in all.iter().enumerate() {
        let (rest, _) = page(&hub, &token_of(event), "&wait=0").await;
        assert!(rest.iter().map(happened).eq(all[at + 1..].iter().map(happened)), "behind {event}");
    }
    for size in [1, 3, 7] {
        let (mut token, mut got) = (begin.clone(), vec![]);
        loop {
            let (events, next) = page(&hub, &token, &format!("&limit={size}")).await;
            if events.is_empty() {
                break;
            }
            token = next;
            got.extend(events);
        }
        assert!(got.iter().map(happened).eq(all.iter().map(happened)), "pages of {size}");
    }
    assert!(page(&hub, &end, "&wait=0").await.0.is_empty());
    hub.stop().await;
}

#[tokio::test]
async fn a_shard_that_answers_late_costs_no_event_and_no_order() {
    const ROUNDS: u64 = 40;
    let hub = Hub::start().await;
    let writers = Writers::of(&hub).await;
    let begin = now(&hub).await;
    let late = *writers.paths.keys().next().unwrap();
    *hub.model.late.lock() = Some((late, Duration::from_millis(30)));
    let documents = writers.paths.len();
    let reading = async {
        // Pages as they come; the token between them is all that is kept.
        let (mut token, mut got) = (begin.clone(), vec![]);
        while got.len() < ROUNDS as usize * documents {
            let (events, next) = page(&hub, &token, "&wait=20&limit=9").await;
            token = next;
            got.extend(events);
        }
        got
    };
    let streaming = async {
        use http_body_util::BodyExt;
        let answer = hub.get(&format!("/changes?since={begin}")).user("ada").begin().await;
        let (mut body, mut text) = (answer.into_body(), String::new());
        while text.matches("\"changed\"").count() < ROUNDS as usize * documents {
            let frame = body.frame().await.unwrap().unwrap();
            text += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
        }
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.filter(|line: &Value| line["type"] == "changed").collect::<Vec<_>>()
    };
    let writing = async {
        for version in 1..=ROUNDS {
            writers.write(&hub, version).await;
        }
    };
    let (paged, streamed, ()) = tokio::join!(reading, streaming, writing);
    for got in [&paged, &streamed] {
        let told = told(got);
        assert_eq!(told.len(), documents);
        assert!(told.values().all(|versions| versions.iter().copied().eq(2..=ROUNDS + 1)), "{told:?}");
    }
    // Each token is behind just what was told before it.
    let behind = join_all(streamed.iter().enumerate().step_by(17).map(async |(at, event)| {
        let (rest, _) = page(&hub, &token_of(event), "&wait=0").await;
        let mut whole = streamed[..=at].to_vec();
        whole.extend(rest);
        told(&whole)
    }));
    for whole in behind.await {
        assert!(whole.values().all(|versions| versions.iter().copied().eq(2..=ROUNDS + 1)), "{whole:?}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_late_shard_does_not_hold_up_the_news_of_others() {
    let hub = Hub::start().await;
    let writers = Writers::of(&hub).await;
    let mut feed = hub.get("/changes").user("ada").begin().await.into_body();
    let (late, _) = writers.paths.first_key_value().unwrap();
    let (_, (user, path)) = writers.paths.last_key_value().unwrap();
    *hub.model.late.lock() = Some((*late, Duration::from_secs(3_600)));
    let edit = json!({"content": "news", "version": 1});
    assert_eq!(hub.ask("PUT", path).user(user).json(&edit).send().await.status, 200);
    let mut text = String::new();
    while !text.contains("changed") {
        use http_body_util::BodyExt;
        let frame = feed.frame().await.unwrap().unwrap();
        text += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
    }
    drop(feed);
    hub.stop().await;
}
