//! The change feed of a real hub: followed, left and taken up again, over restarts.

use crate::support::{TestHub, User};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// An event as a parser of server-sent events gives it to a page.
#[derive(Debug, Default, PartialEq)]
struct Sse {
    id: String,
    name: String,
    data: Value,
}

/// A client of server-sent events, written after the standard: lines, fields, an empty line ends an event.
struct EventSource {
    lines: tokio::io::Lines<BufReader<TcpStream>>,
}

impl EventSource {
    async fn open(hub: &TestHub, user: &User, path: &str, last_event_id: Option<&str>) -> EventSource {
        let mut stream = TcpStream::connect(hub.authority()).await.unwrap();
        let last = last_event_id.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        // HTTP/1.0: the body ends with the connection and is not cut into chunks.
        let head = format!(
            "GET {path} HTTP/1.0\r\nhost: hub\r\naccept: text/event-stream\r\n{last}authorization: Bearer {}\r\n\r\n",
            user.token()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream).lines();
        let status = lines.next_line().await.unwrap().unwrap();
        assert!(status.contains(" 200 "), "{status}");
        while !lines.next_line().await.unwrap().unwrap().is_empty() {}
        EventSource { lines }
    }

    /// The next event; `None` when the stream ends.
    async fn next(&mut self) -> Option<Sse> {
        let mut event = Sse::default();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            match line.split_once(':') {
                None if line.is_empty() && event != Sse::default() => return Some(event),
                None => {}
                // Comments, and when to come again.
                Some(("" | "retry", _)) => {}
                Some(("id", id)) => id.trim_start().clone_into(&mut event.id),
                Some(("event", name)) => name.trim_start().clone_into(&mut event.name),
                Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
                Some((field, _)) => panic!("{field} is no field of an event"),
            }
        }
        None
    }
}

/// One page of a feed, and the token behind it.
async fn page(user: &User, path: &str) -> (Vec<Value>, String) {
    let page = user.get(path).send().await;
    assert_eq!(page.status, 200, "{}", page.text());
    let mut lines: Vec<Value> = page.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let bookmark = lines.pop().unwrap();
    assert_eq!(bookmark["type"], "bookmark");
    (lines, bookmark["token"].as_str().unwrap().to_owned())
}

async fn share(user: &User, document: &str, with: &str, level: &str) {
    let body = json!({"principal": with, "access_level": level});
    let done = user.ask("POST", &format!("{document}/share")).json(&body).send().await;
    assert_eq!(done.status, 200, "{}", done.text());
}

async fn create(user: &User, content: &str) -> String {
    let body = json!({"name": "n", "doc_type": "Text", "content": content});
    let made = user.post(&body).send().await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.header("location").to_owned()
}

async fn edit(user: &User, document: &str, content: &str) {
    let seen = user.get(document).send().await.json(200);
    let body = json!({"content": content, "version": seen["version"]});
    assert_eq!(user.put(document, &body).send().await.status, 200);
}

#[tokio::test]
async fn what_a_mirror_hears_leads_to_what_the_hub_lists() {
    let mut hub = TestHub::start().await;
    let (_, mut token) = page(&hub.user("ada"), "/changes?wait=0").await;
    let (mut mirror, mut made) = (BTreeMap::new(), vec![]);
    for round in 0..3 {
        let (ada, bob) = (hub.user("ada"), hub.user("bob"));
        for number in 0..4 {
            made.push(create(&ada, &format!("{round} {number}")).await);
        }
        let theirs = create(&bob, "for ada, for a while").await;
        share(&bob, &theirs, "ada", "read").await;
        edit(&bob, &theirs, "x").await;
        edit(&ada, &made[round], "edited").await;
        if round > 0 {
            let gone = made.remove(0);
            assert_eq!(ada.delete(&gone).header("if-match", "*").send().await.status, 204);
            share(&bob, &theirs, "ada", "none").await;
        }
        // In pages of three, across restarts.
        loop {
            let (events, next) = page(&ada, &format!("/changes?limit=3&since={token}")).await;
            token = next;
            for event in &events {
                let id = event["document"].as_str().unwrap().to_owned();
                match event["type"].as_str().unwrap() {
                    "deleted" | "revoked" => drop(mirror.remove(&id)),
                    _ => drop(mirror.insert(id, (event["version"].clone(), event["heads"].clone()))),
                }
            }
            if events.is_empty() {
                break;
            }
        }
        let list = ada.get("/documents?limit=200").send().await.json(200);
        let documents = list["documents"].as_array().unwrap().iter();
        let listed: BTreeMap<_, _> = documents
            .map(|document| {
                let id = document["id"].as_str().unwrap().to_owned();
                (id, (document["version"].clone(), document["heads"].clone()))
            })
            .collect();
        assert_eq!(mirror, listed, "round {round}");
        hub = hub.restart().await;
    }
}

#[tokio::test]
async fn an_event_source_goes_on_where_it_was_cut_off() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let mut feed = EventSource::open(&hub, &ada, "/changes", None).await;
    assert_eq!(feed.next().await.unwrap().name, "bookmark");
    let document = create(&ada, "x").await;
    let created = feed.next().await.unwrap();
    assert_eq!((created.name.as_str(), &created.data["version"]), ("created", &json!(1)));
    edit(&ada, &document, "y").await;
    let changed = feed.next().await.unwrap();
    assert_eq!((changed.name.as_str(), &changed.data["authors"]), ("changed", &json!(["ada"])));

    // Stopping tells every stream, and does not wait for it.
    let stopping = tokio::spawn(hub.stop());
    let end = feed.next().await.unwrap();
    assert_eq!((end.name.as_str(), &end.data["reason"]), ("end", &json!("stopping")));
    assert!(feed.next().await.is_none());
    let hub = stopping.await.unwrap().start().await;
    edit(&ada, &document, "z").await;
    for (last, first_heard) in [(&created.id, 2), (&changed.id, 3), (&end.id, 3)] {
        let mut again = EventSource::open(&hub, &ada, "/changes", Some(last)).await;
        assert_eq!(again.next().await.unwrap().data["version"], first_heard);
    }
}

#[tokio::test]
async fn only_readers_hear_of_a_document() {
    let hub = TestHub::start().await;
    let (ada, bob, other) = (hub.user("ada"), hub.user("bob"), hub.user_of("other", "ada"));
    let document = create(&ada, "secret").await;
    let events = format!("{document}/events");
    for stranger in [&bob, &other] {
        stranger.get(&events).send().await.problem(404, "not-found");
        stranger.get(&format!("{events}?since=AQ")).send().await.problem(400, "bad-feed-token");
    }
    let (_, all) = page(&other, "/changes?wait=0").await;
    share(&ada, &document, "bob", "read").await;
    let mut of_bob = EventSource::open(&hub, &bob, &events, None).await;
    assert_eq!(of_bob.next().await.unwrap().name, "bookmark");
    edit(&ada, &document, "more").await;
    assert_eq!(of_bob.next().await.unwrap().name, "changed");
    share(&ada, &document, "bob", "none").await;
    edit(&ada, &document, "not for bob").await;
    assert_eq!(of_bob.next().await.unwrap().name, "revoked");
    let end = of_bob.next().await.unwrap();
    assert_eq!((end.name.as_str(), &end.data["reason"]), ("end", &json!("not-found")));
    assert!(of_bob.next().await.is_none());
    let (heard, _) = page(&other, &format!("/changes?wait=0&since={all}")).await;
    assert_eq!(heard, Vec::<Value>::new());
}

#[tokio::test]
async fn a_token_from_a_hub_that_was_further_is_gone() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    for number in 0..3 {
        create(&ada, &number.to_string()).await;
    }
    let (_, ahead) = page(&ada, "/changes?wait=0").await;
    let young = TestHub::start().await;
    let ada = young.user("ada");
    let gone = ada.get(&format!("/changes?since={ahead}")).send().await.problem(410, "feed-token-too-old");
    create(&ada, "x").await;
    let (events, _) =
        page(&ada, &format!("/changes?wait=10&since={}", gone["token"].as_str().unwrap())).await;
    assert_eq!(events.len(), 1);
}
