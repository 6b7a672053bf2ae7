//! Requests that take long or hold much: nobody waits for those of others, nor for longer than a gateway does.

use super::world::{Hub, PATIENCE, caller};
use crate::fair::{FairSemaphore, Turn};
use rpc::{At, Refusal};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// A gateway waits for so long.
const BUDGET: Duration = Duration::from_secs(8);

/// All turns that there are, each of another user.
async fn all(turns: &Arc<FairSemaphore>, count: usize) -> Vec<Turn> {
    let mut taken = vec![];
    for number in 0..count {
        taken.push(turns.acquire(&caller(&format!("user-{number}"))).await.unwrap());
    }
    taken
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
