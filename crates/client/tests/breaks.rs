//! What the client does when its socket breaks, against a hub that says what the test says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use client::{Client, DocId, EditError, Ended, Event, Op};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_async};

/// One connection of the client, seen from the hub.
struct Socket(WebSocketStream<TcpStream>);

struct Hub(TcpListener);

impl Hub {
    async fn start() -> (Hub, Client) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (Hub(listener), Client::new(&url, "t").unwrap())
    }

    async fn accept(&self) -> Socket {
        Socket(accept_async(self.0.accept().await.unwrap().0).await.unwrap())
    }
}

impl Socket {
    async fn hears(&mut self) -> Value {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                _ => continue,
            }
        }
    }

    async fn says(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn closes(mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.0.close(Some(frame)).await.unwrap();
    }
}

fn id() -> DocId {
    "automerge:4NMNnkMhL8jXrdJ9jamS58PAVdXu".parse().unwrap()
}

fn snapshot(version: u64, content: &str) -> Value {
    json!({"type": "snapshot", "id": id(), "name": "n", "doc_type": "Text", "version": version, "heads": [],
           "owner": "ada", "access": "write", "created_at": "", "updated_at": "", "content": content})
}

fn insert(position: usize, text: &str) -> Vec<Op> {
    vec![Op::Splice { path: vec![], position, delete: 0, insert: text.into() }]
}

#[tokio::test]
async fn an_edit_survives_a_break_and_the_copy_goes_on_from_its_version() {
    let (hub, client) = Hub::start().await;
    let script = tokio::spawn(async move {
        let mut first = hub.accept().await;
        assert_eq!(first.hears().await, json!({"type": "auth", "token": "t"}));
        first.says(snapshot(3, "ab")).await;
        let edit = first.hears().await;
        drop(first);

        let mut second = hub.accept().await;
        assert_eq!(second.hears().await, json!({"type": "auth", "token": "t", "since": 3}));
        second
            .says(
                json!({"type": "update", "from": 3, "version": 4, "heads": [], "authors": ["ada"], "at": "",
                           "ops": edit["ops"]}),
            )
            .await;
        assert_eq!(second.hears().await, edit, "the same edit, word for word");
        second.says(json!({"type": "ack", "id": edit["id"], "version": 4})).await;
        second
    });
    let mut document = client.follow(id()).await.unwrap();
    assert_eq!(document.edit(insert(1, "X")).await, Ok(4));
    document.reached(4).await.unwrap();
    assert_eq!(document.read(|copy| copy.content.clone()), "aXb");
    let socket = script.await.unwrap();
    document.close().await;
    drop(socket);
}

#[tokio::test]
async fn an_end_for_good_is_told_to_everyone_who_waits() {
    let (hub, client) = Hub::start().await;
    let script = tokio::spawn(async move {
        let mut socket = hub.accept().await;
        socket.hears().await;
        socket.says(snapshot(3, "ab")).await;
        socket.hears().await;
        socket.closes(4404, "the document was deleted").await;
    });
    let document = client.follow(id()).await.unwrap();
    let mut events = document.events();
    let why = Ended::Closed { code: 4404, reason: "the document was deleted".into() };
    assert_eq!(document.edit(insert(0, "x")).await, Err(EditError::Ended(why.clone())));
    script.await.unwrap();
    while let Some(event) = events.next().await {
        assert!(!matches!(event, Event::Offline { .. }), "it is no passing break: {event:?}");
    }
    assert_eq!(document.ended(), Some(why));
    assert!(document.events().next().await.is_none());
}

#[tokio::test]
async fn an_edit_that_is_too_long_for_the_hub_is_not_sent_again() {
    let (hub, client) = Hub::start().await;
    let script = tokio::spawn(async move {
        let mut first = hub.accept().await;
        first.hears().await;
        first.says(snapshot(3, "ab")).await;
        let edits = [first.hears().await, first.hears().await];
        first.closes(1009, "a message has at most 100 bytes").await;

        let mut second = hub.accept().await;
        second.hears().await;
        second.says(snapshot(3, "ab")).await;
        let short = second.hears().await;
        assert!(edits.contains(&short) && short["ops"][0]["insert"] == "x", "{short}");
        second.says(json!({"type": "ack", "id": short["id"], "version": 4})).await;
        second
    });
    let document = client.follow(id()).await.unwrap();
    let long = "y".repeat(100);
    let (long, short) = tokio::join!(document.edit(insert(0, &long)), document.edit(insert(0, "x")));
    let Err(EditError::TooLong { reason, .. }) = long else { panic!("{long:?}") };
    assert!(reason.contains("at most 100 bytes"), "{reason}");
    assert_eq!(short, Ok(4));
    drop(script.await.unwrap());
}

#[tokio::test]
async fn a_token_that_is_too_long_for_the_hub_is_not_tried_twice() {
    let (hub, client) = Hub::start().await;
    let script = tokio::spawn(async move {
        let mut socket = hub.accept().await;
        socket.hears().await;
        socket.closes(1009, "a message has at most 16384 bytes").await;
    });
    let ended = client.follow(id()).await.err();
    assert!(matches!(ended, Some(Ended::Closed { code: 1009, .. })), "{ended:?}");
    script.await.unwrap();
}

#[tokio::test]
async fn a_refused_token_is_not_tried_twice() {
    let (hub, client) = Hub::start().await;
    let script = tokio::spawn(async move {
        let mut socket = hub.accept().await;
        socket.hears().await;
        socket.closes(4401, "the token has expired").await;
    });
    let ended = client.follow(id()).await.err();
    assert!(matches!(ended, Some(Ended::Closed { code: 4401, .. })), "{ended:?}");
    script.await.unwrap();
}
