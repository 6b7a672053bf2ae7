//! A client that wants more than anyone needs: it gets it, and nobody waits for that.

use crate::support::TestHub;
use base::{DocId, Slot};
use bench::client::Socket;
use bytes::Bytes;
use client::{Client, Op};
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use wire::{Body, DocumentName, Message, PROTOCOL_VERSION, PeerMetadata};

/// Longer than anything takes; reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Longer than an edit takes while a debug build looks for ten thousand documents.
const PROMPT: Duration = Duration::from_secs(5);

/// The first sync message of a client that has nothing.
const NOTHING: &[u8] = &[0x42, 0, 0, 1, 0, 0, 0];

const NAME: &str = "eve";

fn document(number: u16) -> DocId {
    let mut bytes = [0; 16];
    bytes[14..].copy_from_slice(&number.to_be_bytes());
    DocId::mint(Slot::new(number % 64).unwrap(), bytes)
}

fn say(socket: &mut Socket, body: Body<'_>) {
    socket.send(&Message { sender: NAME, target: "", body }.encode()).unwrap();
}

/// Waits until the hub tells of so many sessions. Figures are told with a delay.
async fn until_sessions(hub: &TestHub, count: u16) {
    let line = format!("\nsync_sessions {count}\n");
    let told = async {
        while !hub.anyone().get("/metrics").send().await.text().contains(&line) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, told).await.unwrap_or_else(|_| panic!("there are not {count} sessions"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_documents_are_asked_for_at_once() {
    const DOCUMENTS: u16 = 10_000;
    let hub = TestHub::start().await;
    let (ada, eve) = (hub.user("ada"), hub.user("eve"));
    let path = ada.text("").await;
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let ada = Client::new(&format!("http://{}", hub.authority()), ada.token()).unwrap();
    let text = ada.follow(id).await.unwrap();

    let address = hub.authority().parse().unwrap();
    let mut socket = Socket::open(address, "/sync", Some(eve.token())).await.unwrap();
    let metadata = PeerMetadata { storage: None, ephemeral: Some(true) };
    say(&mut socket, Body::Join { metadata, versions: Some(vec![PROTOCOL_VERSION]) });
    socket.next().await.unwrap();
    for number in 0..DOCUMENTS {
        let name = DocumentName::from(document(number));
        say(&mut socket, Body::Request { document: name.as_str(), data: Bytes::from_static(NOTHING) });
    }

    let read_all = async {
        let mut answered = HashSet::new();
        while answered.len() < DOCUMENTS.into() {
            let frame = socket.next().await.unwrap();
            match Message::decode(&frame).unwrap().body {
                Body::Unavailable { document } => {
                    assert!(answered.insert(document.to_owned()), "{document} twice")
                }
                other => panic!("{other:?}"),
            }
        }
    };
    let type_on = async {
        for _ in 0..20 {
            let insert = Op::Splice { path: vec![], position: 0, delete: 0, insert: "x".to_owned() };
            timeout(PROMPT, text.edit(vec![insert])).await.expect("nobody waits for her").unwrap();
        }
    };
    timeout(PATIENCE, async { tokio::join!(read_all, type_on) }).await.expect("every request is answered");

    // They may come into being at any moment, so each is a session; with the socket all of them go, and Ada's stays.
    until_sessions(&hub, DOCUMENTS + 1).await;
    drop(socket);
    until_sessions(&hub, 1).await;
}
