//! What happens while a batch is on its way into the log.
//!
//! The log of the shard stands still while a test holds it: what was proposed is applied when it is let go.

use super::world::{Hub, PATIENCE, Peer, client_id, converge, until};
use base::{DocId, Level};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Holds the log of a document's shard. It goes on when this is dropped.
struct Standstill {
    hold: Option<mpsc::Sender<()>>,
    holder: Option<std::thread::JoinHandle<()>>,
}

impl Standstill {
    fn of(hub: &Hub, id: DocId) -> Standstill {
        let (_, shard, _) = hub.behind(id);
        let (held, is_held) = mpsc::channel();
        let (hold, until_let_go) = mpsc::channel::<()>();
        let holder = std::thread::spawn(move || {
            let _done = shard.machine.while_quiet(|_| {
                held.send(()).unwrap();
                let _let_go = until_let_go.recv();
            });
        });
        is_held.recv().unwrap();
        Standstill { hold: Some(hold), holder: Some(holder) }
    }
}

impl Standstill {
    /// Lets it go when what was just begun is probably on its way. It turns out the same if it is not.
    async fn let_go_soon(self) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Drop for Standstill {
    fn drop(&mut self) {
        drop(self.hold.take());
        self.holder.take().unwrap().join().unwrap();
    }
}

/// Waits until something holds that nobody rings for.
async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "it never came to be: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A peer in step with the hub.
async fn in_step(hub: &Hub, user: &str, id: DocId) -> Peer {
    let mut peer = hub.peer(user, id).await;
    converge(hub, "ada", id, &mut [&mut peer]).await;
    peer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_comes_while_an_edit_is_on_its_way_sees_it() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    let (engine, shard, live) = hub.behind(id);
    let doc = live.doc.clone();
    // Nobody follows the document when the edit is made.
    drop(live);
    let standstill = Standstill::of(&hub, id);
    let edit = async {
        hub.splice("ada", id, 0, "more ").await.unwrap();
    };
    let come = async {
        eventually("the edit is on its way", || engine.open.entry(shard.id, &doc).state.try_lock().is_err())
            .await;
        let mut peer = hub.peer("ada", id).await;
        until(&mut [&mut peer], "the state before is seen", |peers| peers[0].text() == "text").await;
        drop(standstill);
        peer
    };
    let ((), mut peer) = tokio::join!(edit, come);
    until(&mut [&mut peer], "the edit is seen", |peers| peers[0].text() == "more text").await;
    peer.type_at_end("!");
    converge(&hub, "ada", id, &mut [&mut peer]).await;
    assert_eq!(hub.text("ada", id).await, "more text!");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_sent_while_write_access_was_taken_away_counts_when_it_is_given_back() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    hub.share("ada", id, "bob", Some(Level::Write)).await;
    let (mut ada, mut bob) = (in_step(&hub, "ada", id).await, in_step(&hub, "bob", id).await);

    let standstill = Standstill::of(&hub, id);
    // The first keeps the document busy, so that the second waits in its queue.
    ada.type_at_end(" ada");
    ada.send().await;
    bob.type_at(0, "bob ");
    bob.send().await;
    let lower = hub.share("ada", id, "bob", Some(Level::Read));
    let let_go = standstill.let_go_soon();
    tokio::join!(lower, let_go);
    until(&mut [&mut ada, &mut bob], "bob reads on", |peers| peers[1].text().ends_with(" ada")).await;

    hub.share("ada", id, "bob", Some(Level::Write)).await;
    converge(&hub, "ada", id, &mut [&mut ada, &mut bob]).await;
    assert_eq!(hub.text("ada", id).await, "bob text ada");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_that_send_to_a_document_while_it_is_deleted_are_told_that_there_is_none() {
    let hub = Hub::start().await;
    let id = client_id();
    let mut ada = hub.peer("ada", id).await;
    ada.type_at(0, "text");
    converge(&hub, "ada", id, &mut [&mut ada]).await;
    let mut peers = Vec::new();
    for _ in 0..20 {
        peers.push(in_step(&hub, "ada", id).await);
    }

    let standstill = Standstill::of(&hub, id);
    ada.type_at_end("!");
    ada.send().await;
    for peer in &mut peers {
        peer.type_at_end(".");
        peer.send().await;
    }
    let let_go = standstill.let_go_soon();
    tokio::join!(hub.delete("ada", id), let_go);
    let mut peers: Vec<_> = peers.iter_mut().collect();
    until(&mut peers, "all are told", |peers| peers.iter().all(|peer| peer.got.unavailable == 1)).await;
    assert!(peers.iter().all(|peer| peer.got.ended.is_none()));
    assert!(hub.read("ada", id).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_document_that_is_deleted_while_it_is_fetched_looks_like_none() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    let (engine, _, live) = hub.behind(id);
    let mut reader = hub.peer("ada", id).await;
    // There is no room to fetch anything.
    let room = engine.fetch_room.clone().acquire_many_owned(crate::live::FETCH_ROOM_KIB).await.unwrap();
    // Loaded anew, no change is at hand.
    reader.send().await;
    live.forget();
    let started = Instant::now();
    while !live.content().is_some() {
        reader.take();
        assert!(started.elapsed() < PATIENCE, "the content does not come");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    reader.take();
    hub.delete("ada", id).await;
    drop(room);
    // Before it looks: it must not hear what became of the fetch, but what the document is to it.
    let all = crate::live::FETCH_ROOM_KIB as usize;
    eventually("the fetch is over", || engine.fetch_room.available_permits() == all).await;
    until(&mut [&mut reader], "it is told", |peers| peers[0].got.unavailable == 1).await;
    for _ in 0..50 {
        reader.take();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(reader.got.ended.is_none(), "{:?}", reader.got.ended);
}
