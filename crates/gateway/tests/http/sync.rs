//! `/sync`: joining, documents, limits, and the ends that a socket can come to.

use crate::peer::{Heard, Peer, doc, name, request, request_of};
use crate::support::{Hub, token};
use futures::SinkExt;
use rpc::{Refusal, Synced};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::Message as Frame;
use wire::{Body, Message, PeerMetadata, StoredHeads};

#[tokio::test]
async fn peers_of_a_document_hear_each_other() {
    let hub = Hub::start().await;
    let mut ada = Peer::of(&hub, "ada", "ada-1").await;
    let mut bob = Peer::of(&hub, "bob", "bob-1").await;
    assert_eq!(ada.hub, bob.hub, "a gateway has one name");
    bob.sync(doc(1), "hello").await;
    bob.settled().await;
    ada.say(Body::Request { document: &name(doc(1)), data: "there".into() }).await;
    bob.expect_sync(doc(1), b"there").await;
    bob.sync(doc(1), "again").await;
    ada.expect_sync(doc(1), b"again").await;

    let document = &name(doc(1));
    let said = |count| Body::Ephemeral { document, session: "s", count, data: "cursor".into() };
    ada.say(said(1 << 40)).await;
    let Heard::Message(frame) = bob.hear().await else { panic!() };
    let heard = Message::decode(&frame).unwrap();
    assert_eq!((heard.sender, heard.target, heard.body), ("ada-1", "bob-1", said(1 << 40)));
    hub.stop().await;
}

#[tokio::test]
async fn what_is_said_in_passing_is_short_in_every_part() {
    let hub = Hub::start().await;
    let mut ada = Peer::of(&hub, "ada", "ada-1").await;
    let mut bob = Peer::of(&hub, "bob", "bob-1").await;
    for peer in [&mut ada, &mut bob] {
        peer.sync(doc(1), "here").await;
        peer.settled().await;
    }
    ada.expect_sync(doc(1), b"here").await;
    let (document, long) = (&name(doc(1)), "s".repeat(257));
    let said = |session, data: Vec<u8>| Body::Ephemeral { document, session, count: 0, data: data.into() };
    ada.say(said("s", vec![0; (64 << 10) + 1])).await;
    ada.say(said(&long, vec![0])).await;
    ada.say(said(&long[1..], vec![0])).await;
    bob.expect(said(&long[1..], vec![0])).await;
    hub.stop().await;
}

#[tokio::test]
async fn a_name_that_nobody_uses_is_not_said_back() {
    let hub = Hub::start().await;
    let mut ada = Peer::of(&hub, "ada", "ada-1").await;
    let longest = "x".repeat(64);
    ada.say(Body::Request { document: &longest, data: "x".into() }).await;
    ada.expect(Body::Unavailable { document: &longest }).await;
    ada.say(Body::Request { document: &"x".repeat(65), data: "x".into() }).await;
    ada.expect_error("at most 64 bytes").await;
    hub.stop().await;
}

#[tokio::test]
async fn a_large_message_arrives_whole_and_one_beyond_the_limit_is_refused() {
    let hub = Hub::start_with(|config| config.limits.sync_frame_bytes = 3 << 20).await;
    let mut ada = Peer::of(&hub, "ada", "ada-1").await;
    let mut bob = Peer::of(&hub, "bob", "bob-1").await;
    bob.sync(doc(1), "hello").await;
    bob.settled().await;
    let large: Vec<u8> = (0..2_900_000u32).map(|at| (at % 251) as u8).collect();
    ada.sync(doc(1), large.clone()).await;
    bob.expect_sync(doc(1), &large).await;
    // The end may come before all of it is sent.
    let frame = Message {
        sender: "ada-1",
        target: "",
        body: Body::Sync { document: "x", data: vec![0; 4 << 20].into() },
    };
    let _refused = ada.socket.send(Frame::binary(frame.encode())).await;
    ada.expect_close(1009, "3145728").await;
    hub.stop().await;
}

#[tokio::test]
async fn many_documents_go_side_by_side_and_a_slow_one_holds_up_none() {
    let hub = Hub::start().await;
    let mut ada = Peer::of(&hub, "ada", "ada-1").await;
    let mut bob = Peer::of(&hub, "bob", "bob-1").await;
    let slow = hub.relay.document(doc(200));
    for number in 1..=200 {
        bob.sync(doc(number), "here").await;
    }
    bob.sync(doc(201), "here").await;
    bob.settled().await;
    ada.sync(doc(201), "x").await;
    bob.expect_sync(doc(201), b"x").await;
    slow.hold();
    ada.sync(doc(200), "first").await;
    ada.sync(doc(200), "second").await;
    for number in 1..200 {
        ada.sync(doc(number), "quick").await;
    }
    for number in 1..200 {
        let Heard::Message(frame) = bob.hear().await else { panic!("{number}") };
        let Body::Sync { data, .. } = Message::decode(&frame).unwrap().body else { panic!("{number}") };
        assert_eq!(data, "quick");
    }
    slow.pace.add_permits(2);
    bob.expect_sync(doc(200), b"first").await;
    bob.expect_sync(doc(200), b"second").await;
    hub.stop().await;
}

#[tokio::test]
async fn what_cannot_be_had_is_unavailable_and_the_rest_goes_on() {
    let hub = Hub::start_with(|config| config.limits.sync_documents = 2).await;
    let mut ada = Peer::of(&hub, "ada", "ada-1").await;
    ada.settled().await;

    hub.relay.refuse(doc(1), Refusal::BadEdit { operation: None, reason: "a change that lies".into() });
    ada.sync(doc(1), "x").await;
    ada.expect(Body::Unavailable { document: &name(doc(1)) }).await;
    ada.expect_error("a change that lies").await;

    ada.sync(doc(2), "x").await;
    ada.sync(doc(3), "x").await;
    ada.sync(doc(4), "x").await;
    ada.expect(Body::Unavailable { document: &name(doc(4)) }).await;
    ada.expect_error("at most 2 documents").await;

    hub.relay.document(doc(2)).tell(doc(2), None, &Synced::Ended(Refusal::NotFound));
    ada.expect(Body::Unavailable { document: &name(doc(2)) }).await;
    ada.expect_error("no such document").await;
    ada.sync(doc(2), "again").await;
    hub.relay.document(doc(3)).tell(doc(3), None, &Synced::Unavailable);
    ada.expect(Body::Unavailable { document: &name(doc(3)) }).await;
    hub.stop().await;
}

#[tokio::test]
async fn what_the_client_cannot_help_is_none_of_its_mistakes() {
    let hub = Hub::start_with(|config| config.limits.sync_documents = 1).await;
    let mut ada = Peer::of(&hub, "ada", "ada-1").await;
    hub.relay.refuse(doc(1), Refusal::Damaged { reason: "secret".into() });
    for refused in [doc(1), doc(2)] {
        for _ in 0..40 {
            ada.sync(refused, "x").await;
            ada.expect(Body::Unavailable { document: &name(refused) }).await;
            let error = ada.hear_error().await;
            assert!(!error.contains("secret"), "{error}");
        }
        // The one place for a document is taken from now on.
        ada.sync(doc(3), "x").await;
    }
    ada.settled().await;
    hub.stop().await;
}

#[tokio::test]
async fn a_fault_of_the_hub_ends_the_socket_so_that_the_client_comes_again() {
    let hub = Hub::start().await;
    let internal = Refusal::Internal { reason: "secret".into() };
    let table = [(1, Refusal::DiskFull { spare: 7 }, "disk"), (2, internal, "the hub failed")];
    for (number, refusal, part) in table {
        hub.relay.refuse(doc(number), refusal);
        let mut ada = Peer::of(&hub, "ada", "ada-1").await;
        ada.sync(doc(number), "x").await;
        ada.expect_close(4503, part).await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_shard_that_is_away_ends_the_socket_so_that_the_client_comes_again() {
    let hub = Hub::start().await;
    hub.relay.refuse(doc(1), Refusal::Busy { retry_after: Duration::from_secs(1) });
    let mut ada = Peer::of(&hub, "ada", "ada-1").await;
    ada.sync(doc(1), "x").await;
    ada.expect_close(4503, "too many requests").await;
    hub.stop().await;
}

#[tokio::test]
async fn what_means_nothing_to_a_hub_is_passed_over() {
    let hub = Hub::start().await;
    let mut ada = Peer::of(&hub, "ada", "ada-1").await;
    let document = &name(doc(1));
    let stored = StoredHeads { storage: "s", heads: vec![], timestamp: 1 };
    for body in [
        Body::Unavailable { document },
        Body::RemoteSubscription { add: vec!["s"], remove: vec![] },
        Body::RemoteHeads { document, heads: vec![stored] },
        Body::Error { message: "hm" },
        Body::Unknown { kind: "later" },
        Body::Ephemeral { document, session: "s", count: 1, data: "unknown document".into() },
    ] {
        ada.say(body).await;
    }
    // In another's name: not heard.
    let stranger = Message { sender: "eve", target: &ada.hub, body: Body::Leave }.encode();
    ada.send(stranger).await;
    ada.socket.send(Frame::Ping("!".into())).await.unwrap();
    ada.settled().await;
    ada.say(Body::Leave).await;
    ada.expect_close(1000, "").await;
    hub.stop().await;
}

#[tokio::test]
async fn mistakes_are_told_and_many_end_the_socket() {
    let hub = Hub::start().await;
    let mut ada = Peer::of(&hub, "ada", "ada-1").await;
    ada.send(b"garbage".to_vec()).await;
    ada.expect_error("CBOR").await;
    ada.socket.send(Frame::text("{}")).await.unwrap();
    ada.expect_error("binary").await;
    ada.ask_to_join().await;
    ada.expect_error("once").await;
    for _ in 0..40 {
        ada.socket.feed(Frame::binary(vec![0xff])).await.unwrap();
    }
    ada.socket.flush().await.unwrap();
    ada.expect_close(4400, "too many mistakes").await;
    hub.stop().await;
}

#[tokio::test]
async fn the_first_message_is_join_and_comes_in_time() {
    let hub = Hub::start_with(|config| config.sockets.join_within = Duration::from_millis(300)).await;
    let request = || request_of(&hub, "ada");
    let mut silent = Peer::open(&hub, request()).await;
    silent.expect_close(4408, "join").await;
    let mut early = Peer::open(&hub, request()).await.named("ada-1");
    early.sync(doc(1), "x").await;
    early.expect_close(4400, "join").await;
    let mut garbage = Peer::open(&hub, request()).await;
    garbage.send(vec![1, 2, 3]).await;
    garbage.expect_close(4400, "").await;
    let mut nameless = Peer::open(&hub, request()).await;
    nameless.ask_to_join().await;
    nameless.expect_close(4400, "senderId").await;
    let mut newer = Peer::open(&hub, request()).await.named("ada-1");
    newer.say(Body::Join { metadata: PeerMetadata::default(), versions: Some(vec!["2"]) }).await;
    newer.expect_error("unsupported protocol version").await;
    newer.expect_close(4400, "version 1").await;
    let mut older = Peer::open(&hub, request()).await.named("ada-1");
    older.say(Body::Join { metadata: PeerMetadata::default(), versions: None }).await;
    assert!(matches!(older.hear().await, Heard::Message(_)), "who names no version speaks the first");
    hub.stop().await;
}

#[tokio::test]
async fn a_sender_id_is_its_users() {
    let hub = Hub::start().await;
    let mut first = Peer::of(&hub, "ada", "peer-1").await;
    let mut thief = Peer::open(&hub, request_of(&hub, "bob")).await.named("peer-1");
    thief.ask_to_join().await;
    thief.expect_close(4409, "another user").await;
    let mut second = Peer::of(&hub, "ada", "peer-1").await;
    first.expect_close(4409, "connected again").await;
    second.settled().await;
    for name in [second.hub.as_str(), "context-hub-of-another-gateway", "json-1"] {
        let mut mask = Peer::open(&hub, request_of(&hub, "bob")).await.named(name);
        mask.ask_to_join().await;
        mask.expect_close(4409, "the hub's").await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_socket_that_cannot_be_taken_is_told_why() {
    let hub = Hub::start_with(|config| config.sockets.sockets_max = 1).await;
    let _first = Peer::of(&hub, "ada", "ada-1").await;
    Peer::open(&hub, request_of(&hub, "bob")).await.expect_close(4529, "limit").await;
    Peer::open(&hub, request(&hub, "/sync")).await.expect_close(4401, "credential").await;
    Peer::open(&hub, request(&hub, "/sync?token=x")).await.expect_close(4400, "parameter").await;
    Peer::open(&hub, request(&hub, "/sync?ticket=x")).await.expect_close(4401, "not a token").await;
    let misused = format!("/sync?ticket={}", token("acme", "ada"));
    Peer::open(&hub, request(&hub, &misused)).await.expect_close(4401, "something else").await;
    hub.stop().await;
}

#[tokio::test]
async fn a_request_for_no_socket_is_told_what_lives_here() {
    let hub = Hub::start().await;
    let plain = hub.get("/sync").user("ada").send().await;
    plain.problem(426, "upgrade-required");
    assert_eq!(plain.header("upgrade"), "websocket");
    assert_eq!(hub.ask("POST", "/sync").send().await.status, 405);
    hub.stop().await;
}

#[tokio::test]
async fn a_hub_that_stops_tells_its_sockets_to_come_again() {
    let hub = Hub::start().await;
    let mut joined = Peer::of(&hub, "ada", "ada-1").await;
    let mut silent = Peer::open(&hub, request_of(&hub, "ada")).await;
    let ends = async { tokio::join!(joined.expect_close(1012, "again"), silent.expect_close(1012, "again")) };
    tokio::join!(hub.stop(), ends);
}

#[tokio::test]
async fn a_client_that_neither_speaks_nor_answers_pings_is_given_up() {
    let hub = Hub::start_with(|config| config.sockets.ping_every = Duration::from_millis(100)).await;
    // Answers pings, because it is polled: lives on.
    let mut alive = Peer::of(&hub, "ada", "ada-1").await;
    // Never looks at its socket.
    let dead = Peer::of(&hub, "ada", "ada-2").await;
    let watched = tokio::time::timeout(Duration::from_secs(1), alive.hear()).await;
    assert!(watched.is_err(), "nothing but pings came");
    let mut stream = dead.socket;
    let raw = stream.get_mut();
    let mut rest = Vec::new();
    raw.read_to_end(&mut rest).await.unwrap();
    let told = rest.windows(2).any(|bytes| bytes == 4508u16.to_be_bytes());
    assert!(told, "pings and then the end: {rest:02x?}");
    hub.stop().await;
}

#[tokio::test]
async fn a_socket_that_never_reads_costs_a_bounded_queue_and_is_given_up() {
    let hub = Hub::start_with(|config| {
        config.sockets.ping_every = Duration::from_millis(200);
        config.sockets.write_timeout = Duration::from_millis(600);
    })
    .await;
    let mut reader = Peer::of(&hub, "ada", "ada-1").await;
    let mut stuck = Peer::of(&hub, "ada", "ada-2").await;
    stuck.sync(doc(1), "here").await;
    stuck.settled().await;
    reader.sync(doc(1), "here").await;
    reader.settled().await;
    let filler = vec![7; 1 << 20];
    let document = hub.relay.document(doc(1));
    for _ in 0..30 {
        document.tell(doc(1), Some(1), &Synced::Message(filler.clone().into()));
    }
    // The other socket of the document goes on meanwhile.
    document.tell(doc(1), Some(0), &Synced::Message("quick".into()));
    loop {
        let Heard::Message(frame) = reader.hear().await else { panic!() };
        if Message::decode(&frame).unwrap().body
            == (Body::Sync { document: &name(doc(1)), data: "quick".into() })
        {
            break;
        }
    }
    tokio::time::timeout(Duration::from_secs(20), async {
        while hub
            .get("/metrics")
            .send()
            .await
            .body
            .windows(30)
            .all(|it| it != b"socket_closes_total{code=\"4508")
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("the stuck socket is given up");
    drop(stuck);
    hub.stop().await;
}

#[tokio::test]
async fn a_client_that_speaks_before_it_is_answered_is_cut_off() {
    let hub = Hub::start().await;
    let mut stream = TcpStream::connect(hub.addr()).await.unwrap();
    let head = "GET /sync HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(&[head.as_bytes(), &[0x82, 0x80, 0, 0, 0, 0]].concat()).await.unwrap();
    let mut answer = Vec::new();
    let _end_or_reset = stream.read_to_end(&mut answer).await;
    // What was read may be gone with the reset; a frame of the hub's never came.
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    assert_eq!(&answer[end..], b"", "nobody speaks with it");
    hub.stop().await;
}
