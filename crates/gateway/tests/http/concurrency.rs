//! Many at once.

use crate::support::Hub;
use futures::future::join_all;
use serde_json::json;

#[tokio::test]
async fn concurrent_repeats_of_one_key_are_one_write() {
    let hub = Hub::start().await;
    let body = json!({"name": "n", "doc_type": "Text"});
    let create =
        |_| hub.ask("POST", "/documents").user("ada").header("idempotency-key", "k").json(&body).send();
    let replies = join_all((0..32).map(create)).await;
    assert!(replies.iter().all(|reply| reply.status == 201 && reply.body == replies[0].body));
    assert_eq!(hub.model.writes(), 1);
    hub.stop().await;
}

#[tokio::test]
async fn every_request_has_its_own_id() {
    let hub = Hub::start().await;
    let replies = join_all((0..64).map(|_| hub.get("/livez").send())).await;
    let mut ids: Vec<_> = replies.iter().map(|reply| reply.header("x-request-id").to_owned()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 64);
    hub.stop().await;
}
