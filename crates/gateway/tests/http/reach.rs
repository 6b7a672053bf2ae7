//! Requests to a cluster: each finds the leader of its shard, or an honest end.

use crate::cluster::Cluster;
use crate::fake::Mood;
use base::{Level, NodeId, TenantId, Timestamp, UserId};
use rpc::{Caller, Redeem, Redeemed, Refusal, TicketId, Tickets};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::time::sleep;

fn ada() -> Caller {
    Caller { tenant: TenantId::new("acme").unwrap(), user: UserId::new("ada").unwrap() }
}

fn once() -> Redeem {
    Redeem { id: TicketId([7; 16]), once: true, expires: Timestamp(base::now().0 + 60_000) }
}

#[tokio::test]
async fn a_write_is_done_once_though_its_answer_was_lost() {
    let cluster = Cluster::of(3);
    let hub = cluster.hub().await;
    let path = hub.text("one").await;
    cluster.fakes[0].loses.store(true, Ordering::Relaxed);
    let body = json!({"ops": [{"op": "splice", "position": 3, "insert": "!"}], "version": 1});
    let written = hub.ask("PATCH", &path).user("ada").json(&body).send().await;
    assert_eq!((written.status.as_u16(), &written.json()["version"]), (200, &json!(2)), "{written:?}");
    assert_eq!(hub.get(&path).user("ada").send().await.json()["content"], "one!");
    assert_eq!(hub.model.writes(), 2);
    hub.stop().await;
    cluster.reach.close().await;
}

/// Such a refusal says nothing of the attempt before, which may have been done.
#[tokio::test]
async fn a_refusal_after_a_lost_answer_is_not_taken_for_that_of_the_write() {
    let cluster = Cluster::of(3);
    let hub = cluster.hub().await;
    let path = hub.text("one").await;
    let refusals = [
        Refusal::DiskFull { spare: 7 },
        Refusal::Busy { retry_after: Duration::from_secs(2) },
        Refusal::NotFound,
        Refusal::Forbidden { needed: Level::Write, held: Level::Read },
        Refusal::Internal { reason: "a thread is gone".into() },
    ];
    for (version, refusal) in (1..).zip(refusals) {
        cluster.fakes[0].loses.store(true, Ordering::Relaxed);
        *cluster.fakes[0].refuses_then.lock() = Some(refusal.clone());
        let body = json!({"ops": [{"op": "splice", "position": 3, "insert": "!"}], "version": version});
        let lost = hub.ask("PATCH", &path).user("ada").json(&body).send().await;
        let key = lost.problem(503, "outcome-unknown")["idempotency_key"].as_str().unwrap().to_owned();
        let again = hub.ask("PATCH", &path).user("ada").header("idempotency-key", &key).json(&body);
        assert_eq!(again.send().await.json()["version"], version + 1, "after {refusal}");
        // Where nothing was lost, the refusal is passed on.
        hub.model.refuse_next(refusal.clone());
        let refused = hub.ask("PATCH", &path).user("ada").json(&body).send().await;
        assert_ne!(refused.json()["type"], "/docs/problems/outcome-unknown");
        let names_key = refused.json()["idempotency_key"].is_string();
        assert_eq!(names_key, refused.status.is_server_error(), "{refused:?}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn the_leader_that_a_follower_names_is_followed_and_remembered() {
    let cluster = Cluster::of(5);
    let hub = cluster.hub().await;
    let path = hub.text("x").await;
    cluster.lead(4);
    let asked = || cluster.fakes.iter().map(|fake| fake.asked.swap(0, Ordering::Relaxed)).collect::<Vec<_>>();
    asked();
    assert_eq!(hub.get(&path).user("ada").send().await.status, 200);
    assert_eq!(asked(), [1, 0, 0, 1, 0]);
    assert_eq!(hub.get(&path).user("ada").send().await.status, 200);
    assert_eq!(asked(), [0, 0, 0, 1, 0]);
    hub.stop().await;
}

#[tokio::test]
async fn a_shard_without_a_leader_is_named_when_the_budget_ends() {
    let cluster = Cluster::of(3);
    let hub = cluster.hub().await;
    let path = hub.text("x").await;
    cluster.fakes.iter().for_each(|fake| fake.turn(Mood::Follows(None)));
    let begun = Instant::now();
    let refused = hub.get(&path).user("ada").send().await;
    let (took, problem) = (begun.elapsed(), refused.problem(503, "shard-unavailable"));
    assert_eq!(problem["shard"], 0);
    assert_eq!(refused.header("retry-after"), "1");
    assert!(took > Duration::from_millis(7_500) && took < Duration::from_secs(10), "{took:?}");
    let asked: usize = cluster.fakes.iter().map(|fake| fake.asked.load(Ordering::Relaxed)).sum();
    assert!(asked < 120, "{asked} questions for one request");
    hub.stop().await;
}

#[tokio::test]
async fn a_write_that_nobody_answers_is_unknown_and_a_read_unavailable() {
    let cluster = Cluster::of(1);
    let hub = cluster.hub().await;
    let path = hub.text("x").await;
    cluster.fakes[0].turn(Mood::Silent);
    let body = json!({"content": "y", "version": 1});
    let (write, read) = tokio::join!(
        hub.ask("PUT", &path).user("ada").json(&body).send(),
        hub.get(&path).user("ada").send(),
    );
    assert!(write.problem(503, "outcome-unknown")["idempotency_key"].is_string());
    read.problem(503, "shard-unavailable");
    hub.stop().await;
}

#[tokio::test]
async fn a_frozen_leader_is_left_once_another_leads_in_a_later_term() {
    let cluster = Cluster::of(3);
    let hub = cluster.hub().await;
    let path = hub.text("x").await;
    cluster.fakes[0].turn(Mood::Silent);
    let replacing = async {
        sleep(Duration::from_millis(200)).await;
        cluster.fakes[1].turn(Mood::Leads);
        cluster.name(2, 2);
    };
    let begun = Instant::now();
    let read = hub.get(&path).user("ada");
    let (read, ()) = tokio::join!(read.send(), replacing);
    assert_eq!(read.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    hub.stop().await;
}

#[tokio::test]
async fn a_frozen_leader_is_not_asked_again_once_another_says_that_it_leads() {
    let cluster = Cluster::of(3);
    let hub = cluster.hub().await;
    let path = hub.text("x").await;
    cluster.fakes[0].turn(Mood::Silent);
    cluster.fakes[1].turn(Mood::Leads);
    cluster.name(2, 2);
    cluster.fakes[0].asked.store(0, Ordering::Relaxed);
    assert_eq!(hub.get(&path).user("ada").send().await.status, 200);
    assert_eq!(cluster.fakes[0].asked.load(Ordering::Relaxed), 0, "it answered last, in an earlier term");
    hub.stop().await;
}

#[tokio::test]
async fn a_revision_that_never_was_is_refused_at_once() {
    let cluster = Cluster::of(3);
    let hub = cluster.hub().await;
    let path = hub.text("x").await;
    hub.model.refuse_next(Refusal::UnknownRevision { asked: 9, newest: 2 });
    let refused = hub.get(&path).user("ada").header("hub-at-least", "0.9").send().await;
    assert_eq!(refused.problem(422, "unknown-revision")["newest"], 2);
    hub.stop().await;
}

#[tokio::test]
async fn too_much_work_is_told_and_not_tried_again() {
    let cluster = Cluster::of(3);
    let hub = cluster.hub().await;
    let path = hub.text("x").await;
    hub.model.refuse_next(Refusal::Busy { retry_after: Duration::from_secs(2) });
    let refused = hub.get(&path).user("ada").send().await;
    refused.problem(503, "shard-busy");
    assert_eq!(refused.header("retry-after"), "2");
    hub.stop().await;
}

#[tokio::test]
async fn a_node_that_is_gone_is_asked_last() {
    let cluster = Cluster::of(3);
    let hub = cluster.hub().await;
    let path = hub.text("x").await;
    // The map names the one that is gone, still; those who are there do not know who leads.
    cluster.fakes[0].turn(Mood::Gone);
    cluster.fakes[0].asked.store(0, Ordering::Relaxed);
    let begun = Instant::now();
    for turn in 0..20 {
        cluster.fakes[1 + turn % 2].turn(Mood::Follows(None));
        cluster.fakes[2 - turn % 2].turn(Mood::Leads);
        assert_eq!(hub.get(&path).user("ada").send().await.status, 200);
    }
    let (asked, seconds) =
        (cluster.fakes[0].asked.load(Ordering::Relaxed), begun.elapsed().as_secs() as usize);
    assert!((1..=2 + seconds).contains(&asked), "{asked}");
    hub.stop().await;
}

#[tokio::test]
async fn a_gateway_is_ready_while_it_reaches_a_node() {
    let cluster = Cluster::of(2);
    let hub = cluster.hub().await;
    assert_eq!(hub.get("/readyz").send().await.json(), json!({"ready": true, "shards": 1}));
    cluster.fakes.iter().for_each(|fake| fake.turn(Mood::Follows(None)));
    let waiting = json!([{"shard": 0, "state": "starting"}]);
    let ready = hub.get("/readyz").send().await;
    assert_eq!(ready.json(), json!({"ready": true, "shards": 1, "not_serving": waiting}));
    cluster.fakes.iter().for_each(|fake| fake.turn(Mood::Gone));
    assert_eq!(hub.get("/readyz").send().await.problem(503, "not-ready")["shards"], waiting);
    cluster.lead(2);
    cluster.map.send_replace(Arc::default());
    hub.get("/readyz").send().await.problem(503, "not-ready");
    hub.stop().await;
}

#[tokio::test]
async fn notices_come_from_every_node_also_from_later_ones() {
    let mut cluster = Cluster::of(1);
    let [revoked, missed] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let (counted, counted_too) = (revoked.clone(), missed.clone());
    cluster.reach.on_revoked(Arc::new(move |caller, ticket| {
        assert_eq!((caller, ticket), (&ada(), once().id));
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    cluster.reach.on_missed(Arc::new(move || {
        counted_too.fetch_add(1, Ordering::Relaxed);
    }));
    let later = cluster.add();
    while later.missed.lock().is_empty() || missed.load(Ordering::Relaxed) == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    let before = missed.load(Ordering::Relaxed);
    for fake in &cluster.fakes {
        let (heard, lost) = (fake.heard.lock().clone(), fake.missed.lock().clone());
        assert_eq!((heard.len(), lost.len()), (1, 1), "each is asked once to tell");
        heard.iter().for_each(|heard| heard(&ada(), once().id));
        lost.iter().for_each(|lost| lost());
    }
    assert_eq!((revoked.load(Ordering::Relaxed), missed.load(Ordering::Relaxed)), (2, before + 2));
    cluster.reach.close().await;
}

/// Nobody knows who used it up: the attempt whose answer was lost, or somebody else.
#[tokio::test]
async fn a_ticket_for_one_time_whose_answer_was_lost_is_not_called_used() {
    let cluster = Cluster::of(3);
    cluster.fakes[0].loses.store(true, Ordering::Relaxed);
    let redeemed = cluster.reach.redeem(ada(), once()).await;
    assert!(matches!(redeemed, Err(Refusal::Unknown { .. })), "{redeemed:?}");
    assert_eq!(cluster.reach.redeem(ada(), once()).await, Ok(Redeemed::Spent));
    cluster.reach.revoke(ada(), once().id, Timestamp(1)).await.unwrap();
    assert_eq!(cluster.reach.redeem(ada(), Redeem { once: false, ..once() }).await, Ok(Redeemed::Revoked));
    cluster.lead(2);
    assert_eq!(cluster.fakes[0].mood(), Mood::Follows(Some(NodeId(2))));
    assert_eq!(cluster.reach.redeem(ada(), once()).await, Ok(Redeemed::Revoked));
}
