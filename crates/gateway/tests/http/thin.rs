//! The JSON socket, message by message.

use crate::peer::{Peer, request_of};
use crate::stage::Scene;
use crate::support::{Hub, token};
use base::{DocId, Hash, Level, Op, Shape, Timestamp, UserId};
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use rpc::{Ephemeral, Followed, Refusal, Seen, Update, UpdateParts, View, ViewParts};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::Message as Frame;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Longer than anything takes; reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Thin(WebSocketStream<TcpStream>);

impl Thin {
    /// Opens a socket; every request for one is taken.
    async fn open(hub: &Hub, document: &str) -> Thin {
        let stream = TcpStream::connect(hub.addr()).await.unwrap();
        let url = format!("ws://{}{document}/sync", hub.addr());
        Thin(client_async(url, stream).await.unwrap().0)
    }

    /// Opens a socket as a user of Acme.
    pub async fn of(hub: &Hub, user: &str, document: &str) -> Thin {
        let mut thin = Thin::open(hub, document).await;
        thin.says(json!({"type": "auth", "token": token("acme", user)})).await;
        // What a test shows from now on is shown to this one.
        thin.says(json!({"type": "ping"})).await;
        assert_eq!(thin.hears().await, json!({"type": "pong"}));
        thin
    }

    pub async fn says(&mut self, message: Value) {
        self.sends(&message.to_string()).await;
    }

    async fn sends(&mut self, text: &str) {
        self.0.send(Frame::text(text)).await.unwrap();
    }

    async fn frame(&mut self) -> Frame {
        loop {
            let frame = timeout(PATIENCE, self.0.next()).await.expect("the hub says something in time");
            match frame {
                Some(Ok(frame @ (Frame::Text(_) | Frame::Close(_)))) => return frame,
                Some(Ok(_)) => {}
                other => panic!("the hub went away without a word: {other:?}"),
            }
        }
    }

    pub async fn hears(&mut self) -> Value {
        match self.frame().await {
            Frame::Text(text) => serde_json::from_str(&text).unwrap(),
            closed => panic!("expected a message, but {closed:?}"),
        }
    }

    /// Expects an error about this edit, or about none.
    async fn hears_error(&mut self, id: Option<&str>, status: u16, slug: &str) -> Value {
        let error = self.hears().await;
        let found =
            (error["type"].as_str(), error.get("id").and_then(Value::as_str), error["status"].as_u64());
        assert_eq!(found, (Some("error"), id, Some(status.into())), "{error}");
        assert_eq!(error["problem"], format!("/docs/problems/{slug}"), "{error}");
        error
    }

    pub async fn is_closed(&mut self, code: u16, part: &str) {
        loop {
            if let Frame::Close(frame) = self.frame().await {
                let frame = frame.unwrap();
                let (found, reason) = (u16::from(frame.code), frame.reason.as_str());
                assert!(found == code && reason.contains(part), "{found} {reason}");
                return;
            }
        }
    }
}

/// A text of Ada's that can be followed.
pub async fn followed(hub: &Hub) -> (String, Arc<Scene>) {
    let path = hub.text("text").await;
    let scene = hub.relay.stage.open(id(&path));
    (path, scene)
}

fn id(path: &str) -> DocId {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

fn splice(at: usize, insert: &str) -> Value {
    json!([{"op": "splice", "position": at, "insert": insert}])
}

#[tokio::test]
async fn who_does_not_say_who_it_is_may_not_stay() {
    let hub = Hub::start_with(|config| config.sockets.join_within = Duration::from_millis(300)).await;
    let (path, _) = followed(&hub).await;
    Thin::open(&hub, &path).await.is_closed(4408, "auth").await;
    for (first, code, part) in [
        (json!({"type": "auth", "token": "nonsense"}), 4401, "token"),
        (json!({"type": "auth"}), 4400, "token"),
        (json!({"type": "ping"}), 4400, "auth"),
    ] {
        let mut thin = Thin::open(&hub, &path).await;
        thin.says(first).await;
        thin.is_closed(code, part).await;
    }
    let mut binary = Thin::open(&hub, &path).await;
    binary.0.send(Frame::binary(&b"x"[..])).await.unwrap();
    binary.is_closed(4400, "text").await;
    hub.stop().await;
}

#[tokio::test]
async fn who_has_not_said_who_it_is_says_little() {
    let hub = Hub::start().await;
    let (path, _) = followed(&hub).await;
    let mut stranger = Thin::open(&hub, &path).await;
    stranger.says(json!({"type": "auth", "token": "x".repeat(16 << 10)})).await;
    stranger.is_closed(1009, "16384").await;
    let mut thin = Thin::of(&hub, "ada", &path).await;
    let ops = splice(0, &"x".repeat(16 << 10));
    thin.says(json!({"type": "edit", "id": "e1", "version": 1, "ops": ops})).await;
    assert_eq!(thin.hears().await["type"], "ack");
    hub.stop().await;
}

#[tokio::test]
async fn a_damaged_document_is_for_the_operator_to_read_about() {
    let hub = Hub::start().await;
    let (path, scene) = followed(&hub).await;
    let mut thin = Thin::of(&hub, "ada", &path).await;
    scene.show(&Followed::Ended(Refusal::Damaged { reason: "secret".into() }));
    thin.is_closed(4503, "does not open; the log has the reason").await;
    hub.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_looks_like_what_does_not_exist() {
    let hub = Hub::start().await;
    let missing = "/documents/00000000-0000-4000-8000-000000000000";
    for path in [missing, "/documents/nonsense"] {
        // A token first: nobody else learns anything.
        let mut stranger = Thin::open(&hub, path).await;
        stranger.says(json!({"type": "auth", "token": "nonsense"})).await;
        stranger.is_closed(4401, "").await;
        let mut thin = Thin::open(&hub, path).await;
        thin.says(json!({"type": "auth", "token": token("acme", "ada")})).await;
        thin.is_closed(4404, "no such document").await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn what_the_session_shows_is_what_the_client_hears() {
    let hub = Hub::start().await;
    let (path, scene) = followed(&hub).await;
    let mut thin = Thin::of(&hub, "ada", &path).await;

    let view = View::new(ViewParts {
        id: id(&path),
        name: "n".into(),
        shape: Shape::Text,
        owner: UserId::new("ada").unwrap(),
        version: 3,
        heads: vec![Hash([1; 32])],
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
        content: "\"text\"".into(),
        labels: Default::default(),
    });
    let revision = rpc::Revision { shard: base::ShardId(0), index: 3 };
    scene.show(&Followed::Snapshot(Seen { view: Arc::new(view), level: Level::Owner, revision }));
    let snapshot = thin.hears().await;
    let found = (&snapshot["type"], &snapshot["version"], &snapshot["content"], &snapshot["access"]);
    assert_eq!(found, (&json!("snapshot"), &json!(3), &json!("text"), &json!("owner")));

    let update = Update::new(UpdateParts {
        from: 3,
        version: 5,
        heads: vec![Hash([2; 32])],
        authors: vec![UserId::new("bob").unwrap()],
        at: Timestamp(0),
        ops: vec![Op::Splice { path: vec![], position: 4, delete: 0, insert: "!".into() }],
        changes: Some(Bytes::from_static(&[0, 1, 2])),
    });
    scene.show(&Followed::Update(Arc::new(update)));
    let expected = json!({
        "type": "update", "from": 3, "version": 5, "heads": ["02".repeat(32)], "authors": ["bob"],
        "at": "1970-01-01T00:00:00.000Z",
        "ops": [{"op": "splice", "path": [], "position": 4, "delete": 0, "insert": "!"}],
    });
    assert_eq!(thin.hears().await, expected);

    scene.show(&Followed::Level(Level::Read));
    assert_eq!(thin.hears().await, json!({"type": "access", "access": "read"}));
    scene.show(&Followed::Ended(Refusal::NotFound));
    thin.is_closed(4404, "no such document").await;
    hub.stop().await;
}

#[tokio::test]
async fn a_client_says_what_it_has_and_whether_it_wants_the_changes() {
    let hub = Hub::start().await;
    let (path, scene) = followed(&hub).await;
    let mut thin = Thin::open(&hub, &path).await;
    thin.says(json!({"type": "auth", "token": token("acme", "ada"), "since": 7, "changes": true})).await;
    thin.says(json!({"type": "ping"})).await;
    thin.hears().await;
    assert_eq!(*scene.asked.lock(), [(Some(7), true)]);
    thin.says(json!({"type": "auth", "token": token("acme", "ada")})).await;
    thin.hears_error(None, 422, "invalid-body").await;
    hub.stop().await;
}

#[tokio::test]
async fn an_edit_is_done_once_and_acknowledged_under_its_name() {
    let hub = Hub::start().await;
    let (path, _) = followed(&hub).await;
    let mut thin = Thin::of(&hub, "ada", &path).await;
    let edit = json!({"type": "edit", "id": "e1", "version": 1, "ops": splice(4, "!")});
    thin.says(edit.clone()).await;
    assert_eq!(thin.hears().await, json!({"type": "ack", "id": "e1", "version": 2}));

    // After a break, on another socket, with its members in another order.
    let mut again = Thin::of(&hub, "ada", &path).await;
    let ops = splice(4, "!");
    again.sends(&format!(r#"{{ "ops": {ops}, "version": 1, "id": "e1", "type": "edit" }}"#)).await;
    assert_eq!(again.hears().await, json!({"type": "ack", "id": "e1", "version": 2}));
    assert_eq!(hub.get(&path).user("ada").send().await.json()["content"], "text!");

    again.says(json!({"type": "edit", "id": "e1", "version": 1, "ops": splice(0, "?")})).await;
    again.hears_error(Some("e1"), 422, "idempotency-key-reused").await;
    hub.stop().await;
}

#[tokio::test]
async fn a_bad_edit_harms_no_other() {
    let hub = Hub::start_with(|config| config.limits.operations = 2).await;
    let (path, _) = followed(&hub).await;
    let mut thin = Thin::of(&hub, "ada", &path).await;
    let edit = |id: &str, version: u64, ops: Value| json!({"type": "edit", "id": id, "version": version, "ops": ops});
    thin.says(edit("e1", 1, splice(99, "!"))).await;
    assert_eq!(thin.hears_error(Some("e1"), 422, "bad-edit").await["operation"], 0);
    thin.says(edit("e2", 9, splice(0, "!"))).await;
    assert_eq!(thin.hears_error(Some("e2"), 422, "unknown-version").await["newest"], 1);
    thin.says(edit("", 1, splice(0, "!"))).await;
    thin.hears_error(Some(""), 422, "invalid-body").await;
    thin.says(edit(&"x".repeat(300), 1, splice(0, "!"))).await;
    thin.hears_error(None, 422, "idempotency-key-too-long").await;
    thin.says(json!({"type": "edit", "id": "x".repeat(300), "ops": []})).await;
    thin.hears_error(None, 422, "invalid-body").await;
    let three = json!([splice(0, "a")[0], splice(0, "b")[0], splice(0, "c")[0]]);
    thin.says(edit("e3", 1, three)).await;
    thin.hears_error(Some("e3"), 422, "too-many-operations").await;
    // What is no edit is told under its name, if it has one.
    thin.says(json!({"type": "edit", "id": "e4", "ops": []})).await;
    thin.hears_error(Some("e4"), 422, "invalid-body").await;
    thin.sends("{").await;
    thin.hears_error(None, 400, "malformed-json").await;

    thin.says(edit("e5", 1, splice(0, "<"))).await;
    assert_eq!(thin.hears().await["type"], "ack");
    assert_eq!(hub.get(&path).user("ada").send().await.json()["content"], "<text");
    hub.stop().await;
}

#[tokio::test]
async fn only_an_edit_may_be_long() {
    let hub = Hub::start_with(|config| config.limits.body_bytes = 200_000).await;
    let (path, _) = followed(&hub).await;
    let mut thin = Thin::of(&hub, "ada", &path).await;
    let edit = |id: &str, bytes: usize| json!({"type": "edit", "id": id, "version": 1, "ops": splice(0, &"x".repeat(bytes))});
    thin.says(edit("e1", 100_000)).await;
    assert_eq!(thin.hears().await, json!({"type": "ack", "id": "e1", "version": 2}));
    thin.says(edit("e2", 300_000)).await;
    thin.hears_error(Some("e2"), 413, "body-too-large").await;
    thin.says(json!({"type": "presence", "data": "x".repeat(100_000)})).await;
    thin.hears_error(None, 413, "body-too-large").await;
    thin.says(json!({"type": "edit", "id": "e3", "version": 1, "ops": ["x".repeat(100_000)]})).await;
    thin.hears_error(Some("e3"), 422, "invalid-body").await;
    hub.stop().await;
}

#[tokio::test]
async fn what_the_shard_cannot_do_now_can_be_asked_again() {
    let hub = Hub::start().await;
    let (path, _) = followed(&hub).await;
    let mut thin = Thin::of(&hub, "ada", &path).await;
    hub.model.refuse_next(Refusal::Busy { retry_after: Duration::from_millis(250) });
    let edit = json!({"type": "edit", "id": "e1", "version": 1, "ops": splice(0, "<")});
    thin.says(edit.clone()).await;
    assert_eq!(thin.hears_error(Some("e1"), 503, "shard-busy").await["retry_after_ms"], 250);
    thin.says(edit).await;
    assert_eq!(thin.hears().await["type"], "ack");
    hub.stop().await;
}

#[tokio::test]
async fn presence_goes_both_ways_as_far_as_json_has_a_form_for_it() {
    let hub = Hub::start().await;
    let (path, scene) = followed(&hub).await;
    let mut thin = Thin::of(&hub, "ada", &path).await;
    thin.says(json!({"type": "presence", "data": {"cursor": 4}})).await;
    thin.says(json!({"type": "presence", "data": "x".repeat(70_000)})).await;
    thin.hears_error(None, 413, "body-too-large").await;
    let said = scene.said.lock().clone();
    assert_eq!(said.len(), 1);
    let mut mask = Peer::open(&hub, request_of(&hub, "bob")).await.named(&said[0].sender);
    mask.ask_to_join().await;
    mask.expect_close(4409, "the hub's").await;
    assert_eq!(wire::thin::from_cbor(&said[0].data), Some(json!({"cursor": 4})));

    let word = |data: &'static [u8]| {
        let said =
            Ephemeral { sender: "p".into(), session: "s".into(), count: 0, data: Bytes::from_static(data) };
        Followed::Ephemeral(Arc::new(said))
    };
    // Bytes are nothing that JSON could show.
    scene.show(&word(&[0x41, 0]));
    scene.show(&word(&[0x61, b'x']));
    assert_eq!(thin.hears().await, json!({"type": "presence", "from": "p", "data": "x"}));
    hub.stop().await;
}

#[tokio::test]
async fn who_makes_too_many_mistakes_is_sent_away() {
    let hub = Hub::start().await;
    let (path, _) = followed(&hub).await;
    let mut thin = Thin::of(&hub, "ada", &path).await;
    for _ in 0..40 {
        thin.sends("nonsense").await;
    }
    thin.is_closed(4400, "too many mistakes").await;
    hub.stop().await;
}
