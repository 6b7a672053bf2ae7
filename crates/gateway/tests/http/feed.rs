//! Change feeds as their clients see them.

use crate::support::{Hub, ending_token, token};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use rpc::Refusal;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

/// A feed that goes on, read a chunk at a time.
struct Follower {
    body: Incoming,
    text: String,
}

impl Follower {
    /// What comes until the text has `wanted` in it; all of it is taken.
    async fn until(&mut self, wanted: &str) -> String {
        while !self.text.contains(wanted) {
            let frame =
                self.body.frame().await.unwrap_or_else(|| panic!("{wanted} did not come: {}", self.text));
            self.text += std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap();
        }
        std::mem::take(&mut self.text)
    }

    /// What comes until it ends.
    async fn rest(mut self) -> String {
        while let Some(frame) = self.body.frame().await {
            self.text += std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap();
        }
        self.text
    }
}

impl Hub {
    async fn follow(&self, user: &str, path: &str) -> Follower {
        let answer = self.get(path).user(user).begin().await;
        assert_eq!(answer.status(), 200);
        Follower { body: answer.into_body(), text: String::new() }
    }

    async fn change(&self, path: &str, version: u64) {
        let edit = json!({"content": format!("v{version}"), "version": version});
        assert_eq!(self.ask("PUT", path).user("ada").json(&edit).send().await.status, 200);
    }

    async fn share(&self, path: &str, with: &str, level: &str) {
        let share = json!({"principal": with, "access_level": level});
        let done = self.ask("POST", &format!("{path}/share")).user("ada").json(&share).send().await;
        assert_eq!(done.status, 200, "{done:?}");
    }

    /// The token of now.
    async fn now(&self, user: &str) -> String {
        let page = self.page(user, "/changes?wait=0").await;
        assert_eq!(types(&page), ["bookmark"]);
        token_of(&page[0]).to_owned()
    }

    /// The lines of one page.
    async fn page(&self, user: &str, path: &str) -> Vec<Value> {
        let page = self.get(path).user(user).send().await;
        assert_eq!(
            (page.status.as_u16(), page.header("content-type")),
            (200, "application/x-ndjson"),
            "{page:?}"
        );
        lines(std::str::from_utf8(&page.body).unwrap())
    }
}

/// The token of a line.
fn token_of(line: &Value) -> &str {
    line["token"].as_str().unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn types(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_stream_begins_with_a_bookmark_and_tells_what_happens() {
    let hub = Hub::start().await;
    let mut feed = hub.follow("ada", "/changes").await;
    let begin = lines(&feed.until("\n").await);
    assert_eq!(begin, [json!({"type": "bookmark", "token": hub.now("ada").await})]);
    let path = hub.text("x").await;
    hub.change(&path, 1).await;
    let told = lines(&feed.until("changed").await);
    let changed = told.last().unwrap();
    assert_eq!(types(&told), ["created", "changed"]);
    assert_eq!(path, format!("/documents/{}", changed["document"].as_str().unwrap()));
    assert_eq!((&changed["version"], &changed["authors"]), (&json!(2), &json!(["ada"])));
    assert_eq!(changed["heads"][0].as_str().unwrap().len(), 64);
    for (token, rest) in [(&begin[0], 2), (&told[0], 1), (changed, 0)] {
        let page = hub.page("ada", &format!("/changes?wait=0&since={}", token_of(token))).await;
        assert_eq!(types(&page), [&types(&told)[2 - rest..], &["bookmark"]].concat());
    }
    drop(feed);
    hub.stop().await;
}

#[tokio::test]
async fn server_sent_events_resume_by_their_id() {
    let hub = Hub::start().await;
    let begin = hub.now("ada").await;
    let path = hub.text("x").await;
    let from_begin = format!("/changes?since={begin}");
    let answer = hub.get(&from_begin).user("ada").header("accept", "text/event-stream").begin().await;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/event-stream");
    assert_eq!((header("cache-control"), header("x-accel-buffering")), ("no-store".into(), "no".into()));
    let mut feed = Follower { body: answer.into_body(), text: String::new() };
    let text = feed.until("created").await;
    let (id, rest) = text.strip_prefix("retry: 1000\n\nid: ").unwrap().split_once('\n').unwrap();
    assert!(rest.starts_with("event: created\ndata: {\"type\":\"created\","), "{text}");
    assert!(text.ends_with("}\n\n") && !text.contains("\"token\""), "{text}");
    drop(feed);
    hub.change(&path, 1).await;
    // The header counts, not the URL that the client began with.
    let again = hub.get(&format!("{from_begin}&wait=0")).user("ada").header("last-event-id", id).send().await;
    assert_eq!(types(&lines(std::str::from_utf8(&again.body).unwrap())), ["changed", "bookmark"]);
    hub.stop().await;
}

#[tokio::test]
async fn pages_are_bounded_and_lead_to_each_other() {
    let hub = Hub::start().await;
    let mut token = hub.now("ada").await;
    let path = hub.text("x").await;
    for version in 1..100 {
        hub.change(&path, version).await;
    }
    let mut versions = vec![];
    for expected in [70, 30, 0] {
        let page = hub.page("ada", &format!("/changes?limit=70&since={token}")).await;
        let (bookmark, events) = page.split_last().unwrap();
        assert_eq!((events.len(), &bookmark["type"]), (expected, &json!("bookmark")));
        versions.extend(events.iter().map(|event| event["version"].as_u64().unwrap()));
        token = token_of(bookmark).to_owned();
    }
    assert_eq!(versions, (1..=100).collect::<Vec<_>>());
    for (query, slug, status) in [
        ("limit=0", "bad-query", 400),
        ("limit=1001", "page-too-large", 422),
        ("wait=61", "bad-query", 400),
        ("wait=soon", "bad-query", 400),
        ("from=here", "bad-query", 400),
        ("since=rubbish", "bad-feed-token", 400),
    ] {
        hub.get(&format!("/changes?{query}")).user("ada").send().await.problem(status, slug);
    }
    hub.get("/changes").send().await.problem(401, "unauthenticated");
    hub.stop().await;
}

#[tokio::test]
async fn a_page_waits_for_its_first_event() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    let waiting = format!("/changes?wait=60&since={}", hub.now("ada").await);
    let (page, ()) = tokio::join!(hub.page("ada", &waiting), hub.change(&path, 1));
    assert_eq!(types(&page), ["changed", "bookmark"]);
    hub.stop().await;
}

#[tokio::test]
async fn one_document_is_followed_as_long_as_it_may_be_read() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    let events = format!("{path}/events");
    hub.get(&events).user("bob").send().await.problem(404, "not-found");
    hub.get("/documents/nothing/events").user("bob").send().await.problem(404, "not-found");
    hub.share(&path, "bob", "read").await;
    let mut feed = hub.follow("bob", &events).await;
    feed.until("bookmark").await;
    hub.text("another").await;
    hub.change(&path, 1).await;
    let told = lines(&feed.until("changed").await);
    assert_eq!(types(&told), ["changed"]);
    hub.share(&path, "bob", "none").await;
    let rest = lines(&feed.rest().await);
    assert_eq!(types(&rest), ["revoked", "end"]);
    assert_eq!((&rest[1]["reason"], &rest[1]["token"]), (&json!("not-found"), &rest[0]["token"]));
    hub.stop().await;
}

#[tokio::test]
async fn a_token_that_is_too_old_says_what_to_do() {
    let hub = Hub::start().await;
    let old = format!("/changes?since={}", hub.now("ada").await);
    let path = hub.text("x").await;
    hub.model.forget();
    let gone = hub.get(&old).user("ada").send().await.problem(410, "feed-token-too-old");
    assert_eq!((&gone["documents"], token_of(&gone)), (&json!("/documents"), &*hub.now("ada").await));
    hub.change(&path, 1).await;
    let anew = format!("/changes?wait=0&since={}", token_of(&gone));
    assert_eq!(types(&hub.page("ada", &anew).await), ["changed", "bookmark"]);
    hub.stop().await;
}

#[tokio::test]
async fn a_quiet_feed_beats_and_its_token_stays_young() {
    let hub = Hub::start_with(|config| {
        config.idle_timeout = Duration::from_millis(40);
        config.feeds.bookmark = Duration::from_millis(60);
    })
    .await;
    let mut feed = hub.follow("ada", "/changes").await;
    // Far longer than a connection may lie idle.
    let mut text = String::new();
    while text.matches("bookmark").count() < 4 {
        text += &feed.until("bookmark").await;
    }
    assert!(text.contains("{\"type\":\"heartbeat\"}\n"), "{text}");
    drop(feed);
    hub.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_nothing_but_its_place() {
    const MORE: u64 = 60_000;
    let hub = Hub::start().await;
    let begin = hub.now("ada").await;
    hub.text("x").await;
    hub.model.repeat(MORE);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(256 << 10).unwrap();
    let mut stream = socket.connect(hub.addr()).await.unwrap();
    let token = token("acme", "ada");
    let head =
        format!("GET /changes?since={begin} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = 0;
    while told == 0 || told < hub.model.changes_told() {
        told = hub.model.changes_told();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // What the kernel holds, and no more.
    assert!((told as u64) < MORE / 2, "{told} events were read for one who reads none");

    // When it reads on, it has missed nothing.
    let (mut text, mut chunk) = (String::new(), vec![0; 64 << 10]);
    let last = format!("\"version\":{},", MORE + 1);
    while !text[text.len().saturating_sub(1_000)..].contains(&last) {
        let read = stream.read(&mut chunk).await.unwrap();
        text += std::str::from_utf8(&chunk[..read]).unwrap();
    }
    let versions = text
        .split("\"version\":")
        .skip(1)
        .map(|rest| rest.split(',').next().unwrap().parse::<u64>().unwrap());
    assert!(versions.eq(1..=MORE + 1));
    drop(stream);
    hub.stop().await;
}

#[tokio::test]
async fn feeds_have_a_limit_of_their_own_and_leave_requests_alone() {
    let hub = Hub::start_with(|config| {
        config.limits.feeds = 1;
        config.limits.requests_in_flight = 1;
    })
    .await;
    let mut feed = hub.follow("ada", "/changes").await;
    feed.until("bookmark").await;
    let refused = hub.get("/changes").user("bob").send().await;
    assert_eq!(refused.problem(503, "too-many-feeds")["limit"], 1);
    // The only place for a request is free.
    hub.text("x").await;
    let metrics = hub.get("/metrics").send().await.body;
    assert!(std::str::from_utf8(&metrics).unwrap().contains("feeds_open 1"));
    drop(feed);
    // The place is given back when the hub sees that the client is gone.
    while hub.get("/changes?limit=1").user("bob").send().await.status != 200 {
        tokio::task::yield_now().await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_feed_ends_with_its_credential_and_with_the_hub() {
    let hub = Hub::start().await;
    let answer = hub.get("/changes").token(&ending_token()).begin().await;
    assert_eq!(answer.status(), 200);
    let expired = Follower { body: answer.into_body(), text: String::new() }.rest().await;
    let last = lines(&expired).pop().unwrap();
    assert_eq!((&last["type"], &last["reason"]), (&json!("end"), &json!("invalid-token")));

    let mut feed = hub.follow("ada", "/changes").await;
    feed.until("bookmark").await;
    let (rest, ()) = tokio::join!(feed.rest(), hub.stop());
    let last = lines(&rest).pop().unwrap();
    assert_eq!((&last["type"], &last["reason"]), (&json!("end"), &json!("stopping")));
}

#[tokio::test]
async fn a_shard_that_fails_ends_the_feed_with_its_reason() {
    let hub = Hub::start_with(|config| config.feeds.heartbeat = Duration::from_millis(5)).await;
    let mut feed = hub.follow("ada", "/changes").await;
    feed.until("bookmark").await;
    hub.model.refuse_next(Refusal::Busy { retry_after: Duration::from_secs(1) });
    let rest = lines(&feed.rest().await);
    assert_eq!(rest.last().unwrap()["reason"], "shard-busy");
    hub.stop().await;
}
