//! Sessions between a gateway's socket and a node.

use crate::fake::{Fake, FakeState};
use crate::hub::{Pair, caller};
use base::{DocId, ShardId, Slot};
use bytes::Bytes;
use rpc::*;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

const LONG: Duration = Duration::from_secs(20);

fn id() -> DocId {
    DocId::mint(Slot::new(9).unwrap(), [1; 16])
}

/// A bell that can be waited for.
fn bell() -> (Bell, Arc<Notify>) {
    let rung = Arc::new(Notify::new());
    let ringing = rung.clone();
    let bell: Bell = Arc::new(move |rang| {
        assert_eq!(rang, id());
        ringing.notify_one();
    });
    (bell, rung)
}

struct Socket {
    session: Arc<dyn SyncSession>,
    rung: Arc<Notify>,
    state: Arc<FakeState>,
}

impl Socket {
    async fn join(pair: &Pair, fake: &Fake) -> Socket {
        let (bell, rung) = bell();
        let session = pair.remote.join(caller("ada"), Join { id: id(), resumed: false, bell }).await.unwrap();
        let state = fake.sessions.lock().unwrap().last().unwrap().clone();
        Socket { session, rung, state }
    }

    async fn next(&self) -> Synced {
        timeout(LONG, async {
            loop {
                if let Some(synced) = self.session.next() {
                    return synced;
                }
                self.rung.notified().await;
            }
        })
        .await
        .expect("the bell rings when there is something")
    }

    async fn message(&self) -> Bytes {
        match self.next().await {
            Synced::Message(message) => message,
            other => panic!("{other:?}"),
        }
    }
}

fn ephemeral(count: u64) -> Ephemeral {
    Ephemeral { sender: "a".into(), session: "b".into(), count, data: Bytes::from_static(b"cursor") }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_both_ways_in_order() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    let socket = Socket::join(&pair, &fake).await;
    for number in 0..200 {
        let message = Bytes::from(if number % 10 == 0 { "wait".to_owned() } else { number.to_string() });
        match socket.session.receive_now(&message) {
            Some(taken) => taken.unwrap(),
            None => socket.session.receive(message.clone()).await.unwrap(),
        }
    }
    let mut came = Vec::new();
    for _ in 0..200 {
        came.push(socket.message().await);
    }
    assert_eq!(came, *socket.state.received.lock().unwrap());
    assert_eq!(came.len(), 200);
    let large = Bytes::from(vec![b'x'; 5 << 20]);
    assert!(socket.session.receive_now(&large).is_none());
    socket.session.receive(large.clone()).await.unwrap();
    assert_eq!(socket.message().await, large);
    socket.session.say(ephemeral(4));
    while socket.state.said.lock().unwrap().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(*socket.state.said.lock().unwrap(), [ephemeral(4)]);
    pair.close().await;
}

/// A socket that is not read costs a message or two, however much there is; and then misses nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_socket_is_asked_less_often() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    let (slow, quick) = (Socket::join(&pair, &fake).await, Socket::join(&pair, &fake).await);
    let megabyte = |number: u8| Bytes::from(vec![number; 1 << 20]);
    slow.state.send((0..100).map(megabyte));
    quick.state.send((0..100).map(megabyte));
    for number in 0..100 {
        assert_eq!(quick.message().await[0], number);
    }
    assert_eq!(slow.state.pulled.load(Ordering::SeqCst), 2);
    for number in 0..100 {
        assert_eq!(slow.message().await, megabyte(number));
    }
    assert!(slow.session.next().is_none());
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_reaches_whoever_gave_the_message() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    let (bell, _) = bell();
    let refused = pair.remote.join(caller("mallory"), Join { id: id(), resumed: false, bell }).await.err();
    assert_eq!(refused, Some(Refusal::Busy { retry_after: Duration::from_secs(3) }));
    let no = Refusal::BadEdit { operation: None, reason: "no".to_owned() };
    let socket = Socket::join(&pair, &fake).await;
    assert_eq!(socket.session.receive("refuse".into()).await, Err(no.clone()));
    // Nobody waits for this one: the session is over then.
    let socket = Socket::join(&pair, &fake).await;
    assert_eq!(socket.session.receive_now(&"refuse".into()), Some(Ok(())));
    assert!(matches!(socket.next().await, Synced::Ended(refusal) if refusal == no));
    pair.close().await;
}

/// What no line takes ends the session that it is of, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_too_long_concerns_its_session_alone() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    let (long, other) = (Socket::join(&pair, &fake).await, Socket::join(&pair, &fake).await);
    let message = Bytes::from(vec![0; (64 << 20) + 1]);
    let refused = long.session.receive(message.clone()).await;
    assert!(matches!(refused, Err(Refusal::TooLarge { what: LimitKind::Change, .. })), "{refused:?}");
    long.state.send([message]);
    let ended = long.next().await;
    assert!(matches!(&ended, Synced::Ended(Refusal::Internal { .. })), "{ended:?}");
    other.session.receive("wait".into()).await.unwrap();
    assert_eq!(other.message().await, "wait");
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_a_session_leaves_the_document() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    let socket = Socket::join(&pair, &fake).await;
    let mut left = socket.state.left.subscribe();
    assert!(!*left.borrow());
    drop(socket.session);
    timeout(LONG, left.wait_for(|left| *left)).await.unwrap().unwrap();
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_get_updates_and_say_things() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    let (bell, rung) = bell();
    let follow = Follow { id: id(), since: Some(3), changes: true, bell };
    let session = pair.remote.follow(caller("ada"), follow).await.unwrap();
    let state = fake.sessions.lock().unwrap().last().unwrap().clone();
    state.send((1..50).map(|version| Bytes::from(vec![0; version])));
    for version in 1..50 {
        let followed = loop {
            match session.next() {
                Some(followed) => break followed,
                None => rung.notified().await,
            }
        };
        assert!(matches!(followed, Followed::Update(update) if update.version == version));
    }
    session.say(ephemeral(1));
    while state.said.lock().unwrap().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_end_when_the_connection_breaks() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    let socket = Socket::join(&pair, &fake).await;
    socket.state.send([Bytes::from_static(b"last")]);
    while socket.state.pulled.load(Ordering::SeqCst) == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    socket.rung.notified().await;
    let receiving = socket.session.receive("wait".into());
    let (received, ()) = tokio::join!(receiving, pair.server.close());
    assert!(matches!(received, Err(Refusal::Unavailable { shard: ShardId(7), .. })), "{received:?}");
    // What had arrived is shown, then the end, once.
    assert_eq!(socket.message().await, "last");
    assert!(matches!(socket.next().await, Synced::Ended(Refusal::Unavailable { .. })));
    assert!(socket.session.next().is_none());
    assert!(matches!(socket.session.receive("late".into()).await, Err(Refusal::Unavailable { .. })));
    assert!(*socket.state.left.borrow());
    pair.remote.close().await;
}
