//! Clients without a CRDT library, on the JSON socket of the real program.

use crate::support::{TestHub, User};
use chaos::hub::HubSpec;
use client::{Client, DocId, Document, EditError, Ended, Event, Op, PathStep};
use futures::future::{join_all, try_join_all};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// Longer than anything takes; reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(30);

fn client(hub: &TestHub, user: &User) -> Client {
    Client::new(&format!("http://{}", hub.authority()), user.token()).unwrap()
}

fn id(path: &str) -> DocId {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

fn insert(position: usize, text: &str) -> Vec<Op> {
    vec![Op::Splice { path: vec![], position, delete: 0, insert: text.to_owned() }]
}

fn content(document: &Document) -> Value {
    document.read(|copy| copy.content.clone())
}

/// Waits until the copy is the newest version that a user can read, and checks that it is the same.
async fn catch_up(document: &mut Document, user: &User, path: &str) {
    let newest = user.read(path).await;
    let reached = document.reached(newest["version"].as_u64().unwrap());
    timeout(PATIENCE, reached).await.expect("the copy keeps up").unwrap();
    let (version, copy) = document.read(|copy| (copy.version, copy.content.clone()));
    if version == newest["version"] {
        assert_eq!(copy, newest["content"]);
    }
}

async fn event(events: &mut client::Events) -> Event {
    timeout(PATIENCE, events.next()).await.expect("something happens").expect("it is followed")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_and_an_editor_write_at_once() {
    let hub = TestHub::start().await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let path = ada.text("start ").await;
    ada.grant(&path, "bob", "write").await;
    let mut first = client(&hub, &ada).follow(id(&path)).await.unwrap();
    let mut second = client(&hub, &bob).follow(id(&path)).await.unwrap();
    let write = async |document: &Document, name: &str| {
        for number in 0..20 {
            document.edit(insert(0, &format!("<{name}{number}>"))).await.unwrap();
        }
    };
    let patch = async {
        for number in 0..20 {
            ada.edit(&path, 1, json!([{"op": "splice", "position": 6, "insert": format!("<c{number}>")}]))
                .await;
        }
    };
    tokio::join!(write(&first, "a"), write(&second, "b"), patch);
    catch_up(&mut first, &ada, &path).await;
    catch_up(&mut second, &bob, &path).await;
    let text = content(&first);
    assert_eq!(text, content(&second));
    for (name, number) in ["a", "b", "c"].iter().flat_map(|name| (0..20).map(move |number| (name, number))) {
        assert_eq!(text.as_str().unwrap().matches(&format!("<{name}{number}>")).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_at_a_version_of_long_ago_keeps_what_came_since() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.object(json!({"tasks": ["a", "b"], "votes": {"$counter": 1}})).await;
    let mut document = client(&hub, &ada).follow(id(&path)).await.unwrap();
    ada.edit(&path, 1, json!([{"op": "insert", "path": ["tasks", 0], "value": "0"}])).await;
    catch_up(&mut document, &ada, &path).await;
    let way = |key: &str| vec![PathStep::Key(key.into())];
    let at_b = vec![PathStep::Key("tasks".into()), PathStep::Index(1)];
    let stale = vec![Op::Delete { path: at_b }, Op::Increment { path: way("votes"), by: 2 }];
    let version = document.edit_at(1, stale).await.unwrap();
    document.reached(version).await.unwrap();
    assert_eq!(content(&document), json!({"tasks": ["0", "a"], "votes": {"$counter": 3}}));

    let nowhere = document.edit(vec![Op::Delete { path: way("nothing") }]).await;
    assert!(matches!(&nowhere, Err(EditError::Refused(problem)) if problem.status == 422), "{nowhere:?}");
    document.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_go_on_when_the_hub_has_started_again() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let hub = TestHub::start_from(|spec: &mut HubSpec| spec.port = port).await;
    let ada = hub.user("ada");
    let path = ada.text("text").await;
    let mut document = client(&hub, &ada).follow(id(&path)).await.unwrap();
    document.edit(insert(4, "!")).await.unwrap();
    catch_up(&mut document, &ada, &path).await;
    let mut events = document.events();

    let stopped = hub.stop().await;
    while !matches!(event(&mut events).await, Event::Offline { .. }) {}
    let (edited, hub) = tokio::join!(document.edit(insert(0, "<")), stopped.start());
    assert!(edited.is_ok(), "an edit survives: {edited:?}");
    ada.edit(&path, 1, json!([{"op": "splice", "position": 4, "insert": ">"}])).await;
    catch_up(&mut document, &ada, &path).await;
    assert_eq!(content(&document).as_str().map(str::len), Some("<text!>".len()));
    loop {
        match event(&mut events).await {
            Event::Update(update) if update.version == document.read(|copy| copy.version) => break,
            Event::Snapshot => panic!("nothing but what had changed was to come"),
            _ => {}
        }
    }
    document.close().await;
    drop(hub);
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_reaches_the_others() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("text").await;
    let (first, second) =
        tokio::join!(async { client(&hub, &ada).follow(id(&path)).await.unwrap() }, async {
            client(&hub, &ada).follow(id(&path)).await.unwrap()
        },);
    let (mut own, mut others) = (first.events(), second.events());
    first.say(json!({"cursor": 3}));
    loop {
        if let Event::Presence(said) = event(&mut others).await {
            assert_eq!(said.data, json!({"cursor": 3}));
            break;
        }
    }
    second.say(json!("hello"));
    loop {
        if let Event::Presence(said) = event(&mut own).await {
            assert_eq!(said.data, json!("hello"), "nobody hears themselves");
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn access_that_is_taken_away_ends_the_socket() {
    let hub = TestHub::start().await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let path = ada.text("text").await;
    let refused = client(&hub, &bob).follow(id(&path)).await.err();
    assert!(matches!(refused, Some(Ended::Closed { code: 4404, .. })), "{refused:?}");

    ada.grant(&path, "bob", "read").await;
    let document = client(&hub, &bob).follow(id(&path)).await.unwrap();
    let forbidden = document.edit(insert(0, "x")).await;
    assert!(matches!(&forbidden, Err(EditError::Refused(problem)) if problem.status == 403), "{forbidden:?}");
    let mut events = document.events();
    ada.grant(&path, "bob", "write").await;
    while !matches!(event(&mut events).await, Event::Access(client::Level::Write)) {}
    document.edit(insert(0, "x")).await.unwrap();

    ada.grant(&path, "bob", "none").await;
    ada.edit(&path, 1, json!([{"op": "splice", "position": 0, "insert": "secret "}])).await;
    let over = timeout(PATIENCE, async { while events.next().await.is_some() {} }).await;
    assert!(over.is_ok(), "the socket is closed");
    assert!(matches!(document.ended(), Some(Ended::Closed { code: 4404, .. })), "{:?}", document.ended());
    assert!(!content(&document).as_str().unwrap().contains("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_operations_are_few_updates() {
    const EDITS: usize = 2_000;
    const OPERATIONS: usize = 5;
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("").await;
    let mut watcher = client(&hub, &ada).follow(id(&path)).await.unwrap();
    let mut events = watcher.events();
    let counting = tokio::spawn(async move {
        let mut updates = 0;
        while let Some(event) = events.next().await {
            updates += usize::from(matches!(event, Event::Update(_)));
        }
        updates
    });
    let writers = try_join_all((0..8).map(|_| {
        let client = client(&hub, &ada);
        let id = id(&path);
        async move { client.follow(id).await }
    }));
    let writers = writers.await.unwrap();
    join_all(writers.iter().map(|writer| async move {
        for _ in 0..EDITS / 8 / 50 {
            let edits = (0..50).map(|_| writer.edit(vec![insert(0, "x").remove(0); OPERATIONS]));
            try_join_all(edits).await.unwrap();
        }
    }))
    .await;
    catch_up(&mut watcher, &ada, &path).await;
    assert_eq!(content(&watcher).as_str().unwrap().len(), EDITS * OPERATIONS);
    watcher.close().await;
    let updates = counting.await.unwrap();
    assert!(updates < EDITS / 10, "{updates} updates for {EDITS} edits");
}

/// `context-hub docs watch`, line by line.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(hub: &TestHub, user: &User, path: &str, flags: &[&str]) -> Watch {
        let mut child = Command::new(env!("CARGO_BIN_EXE_context-hub"))
            .args(["docs", "watch", &id(path).to_string(), "--url", &format!("http://{}", hub.authority())])
            .args(flags)
            .env("CONTEXT_HUB_TOKEN", user.token())
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Watch { child, lines }
    }

    async fn line(&mut self) -> String {
        timeout(PATIENCE, self.lines.next_line()).await.expect("it prints").unwrap().expect("it goes on")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_prints_what_changes() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("The quick fox").await;
    let mut people = Watch::start(&hub, &ada, &path, &[]);
    assert_eq!(people.line().await, "-- notes, Text, version 1, you may owner");
    assert_eq!(people.line().await, "  The quick fox");
    let mut programs = Watch::start(&hub, &ada, &path, &["--json"]);
    let snapshot: Value = serde_json::from_str(&programs.line().await).unwrap();
    assert_eq!((&snapshot["type"], &snapshot["content"]), (&json!("snapshot"), &json!("The quick fox")));

    ada.edit(&path, 1, json!([{"op": "splice", "position": 10, "insert": "brown "}])).await;
    assert!(people.line().await.starts_with("v2 ada "));
    assert_eq!(people.line().await, "  @10 The quick {+brown +}fox");
    let update: Value = loop {
        let message: Value = serde_json::from_str(&programs.line().await).unwrap();
        if message["type"] == "update" {
            break message;
        }
    };
    assert_eq!(update["ops"][0]["insert"], "brown ");

    assert_eq!(ada.delete(&path).send().await.status, 204);
    let ended = timeout(PATIENCE, people.child.wait()).await.unwrap().unwrap();
    assert!(!ended.success(), "that the document is gone is no success");
}
