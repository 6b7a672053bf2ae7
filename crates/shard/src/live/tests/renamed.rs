//! A document gets another name while it is followed.

use super::world::{Hub, caller};
use base::DocId;
use rpc::{Follow, FollowSession, Followed, Live, Seen};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// Comes to a document, and gives what is shown first.
async fn shown(hub: &Hub, id: DocId) -> (Arc<dyn FollowSession>, Seen) {
    let rung = Arc::new(Notify::new());
    let bell = rung.clone();
    let bell: rpc::Bell = Arc::new(move |_| bell.notify_one());
    let follow = Follow { id, since: None, changes: false, bell };
    let session = hub.service().follow(caller("ada"), follow).await.unwrap();
    let first = async {
        loop {
            match session.next() {
                Some(Followed::Snapshot(seen)) => return seen,
                Some(_) => {}
                None => rung.notified().await,
            }
        }
    };
    let seen = timeout(Duration::from_secs(30), first).await.expect("a document is shown");
    (session, seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_after_a_rename_is_shown_the_new_name() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    let (_first, before) = shown(&hub, id).await;
    assert_eq!((&*before.view.name, before.view.version), ("notes", 1));
    let renamed = hub.rename("ada", id, "plans").await;
    assert_eq!((&*renamed.view.name, renamed.view.version), ("plans", 1));
    // The first one is still there, and with it what everyone is shown.
    let (_second, after) = shown(&hub, id).await;
    assert_eq!((&*after.view.name, after.view.version), ("plans", 1));
    assert_eq!(after.view.content, before.view.content);
    hub.splice("ada", id, 0, "more ").await.unwrap();
    assert_eq!(&*hub.read("ada", id).await.unwrap().view.name, "plans");
}
