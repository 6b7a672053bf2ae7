//! Requests that take long or hold much: nobody waits for those of others, nor for longer than a gateway does.

use super::world::{Hub, PATIENCE, caller};
use crate::documents::Engine;
use crate::fair::{FairSemaphore, Turn};
use automerge::transaction::Transactable;
use automerge::{Automerge, AutomergeError, ObjType, ROOT};
use rpc::{At, List, Refusal, Shards};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// A gateway waits for so long.
const BUDGET: Duration = Duration::from_secs(8);

/// A file that takes a while to read.
fn long_file() -> Vec<u8> {
    let mut doc = Automerge::new();
    let text: String = (0..8_000).map(|_| format!("{:08x} ", rand::random::<u32>())).collect();
    let made = doc.transact::<_, _, AutomergeError>(|tx| {
        let content = tx.put_object(ROOT, "content", ObjType::Text)?;
        tx.splice_text(&content, 0, 0, &text)
    });
    made.unwrap();
    doc.save()
}

async fn documents(hub: &Hub, user: &str) -> usize {
    let mut count = 0;
    for shard in hub.service().shards() {
        let list = List { shard, after: None, limit: 9 };
        count += hub.service().list(caller(user), list).await.unwrap().documents.len();
    }
    count
}

/// All turns that there are, each of another user.
async fn all(turns: &Arc<FairSemaphore>, count: usize) -> Vec<Turn> {
    let mut taken = vec![];
    for number in 0..count {
        taken.push(turns.acquire(&caller(&format!("user-{number}"))).await.unwrap());
    }
    taken
}

/// Asks for an import of Ada's, and leaves once the work has begun.
async fn begin_and_leave(hub: &Hub, engine: &Engine, file: &[u8], key: &str) {
    until_idle(engine).await;
    let mut import = Box::pin(hub.import("ada", file.to_vec(), key));
    while engine.tasks.is_empty() {
        tokio::select! {
            ended = &mut import => panic!("it ended with whoever asked for it: {:?}", ended.is_ok()),
            () = sleep(Duration::from_millis(1)) => {}
        }
    }
}

async fn until_idle(engine: &Engine) {
    let started = Instant::now();
    while !engine.tasks.is_empty() {
        assert!(started.elapsed() < PATIENCE, "there is no end of it");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_when_nobody_waits_for_it() {
    let hub = Hub::start().await;
    let id = hub.create_text("bob", "").await;
    let (engine, ..) = hub.behind(id);
    let file = long_file();
    begin_and_leave(&hub, &engine, &file, "k").await;
    until_idle(&engine).await;
    assert_eq!(documents(&hub, "ada").await, 1, "it was not given up");
    // A repetition is the same creation; so is one that comes while the first is under way.
    begin_and_leave(&hub, &engine, &file, "other").await;
    let other = loop {
        match hub.import("ada", file.clone(), "other").await {
            Err(Refusal::Busy { .. }) => {}
            made => break made.unwrap().view.id,
        }
    };
    let first = hub.import("ada", file, "k").await.unwrap().view.id;
    assert_ne!(first, other);
    assert_eq!(documents(&hub, "ada").await, 2, "nothing was done twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_waits_for_its_document_holds_up_nobody() {
    let hub = Hub::start().await;
    let (hers, his) = (hub.create_text("ada", "one").await, hub.create_text("bob", "two").await);
    let (engine, shard, live) = hub.behind(hers);
    let open = engine.open.entry(shard.id, &live.doc);
    let held = open.state.clone().lock_owned().await;
    let mut waits = Box::pin(hub.export("ada", hers, At::Now));
    assert!(timeout(Duration::from_millis(100), &mut waits).await.is_err(), "the document is held");
    let prompt = timeout(PATIENCE, hub.export("bob", his, At::Now)).await;
    prompt.expect("his does not wait for hers").unwrap();
    drop(held);
    waits.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_served_in_time_hears_that_the_hub_is_busy() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "one").await;
    hub.splice("ada", id, 3, " two").await.unwrap();
    let file = hub.export("ada", id, At::Now).await.unwrap().file;
    let (engine, ..) = hub.behind(id);
    let held =
        [all(&engine.exports, 4).await, all(&engine.imports, 1).await, all(&engine.comparisons, 4).await];
    let started = Instant::now();
    let (export, import, comparison) = tokio::join!(
        hub.export("ada", id, At::Now),
        hub.import("ada", file.clone(), "k"),
        hub.compare("ada", id, At::Version(1), At::Now),
    );
    for refused in [export.err(), import.err(), comparison.err()] {
        assert!(matches!(refused, Some(Refusal::Busy { .. })), "{refused:?}");
    }
    assert!(started.elapsed() < BUDGET);
    let import = hub.import("ada", file, "k");
    let release = async {
        sleep(Duration::from_millis(100)).await;
        drop(held);
    };
    tokio::join!(import, release).0.expect("it waits for its turn");
    hub.export("ada", id, At::Now).await.unwrap();
    hub.compare("ada", id, At::Version(1), At::Now).await.unwrap();
}
