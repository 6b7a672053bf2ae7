//! Tickets: made, shown, restricted, used up and taken back.

use crate::cluster::Cluster;
use crate::fake::Mood;
use crate::peer::{Peer, doc, name, request};
use crate::support::Hub;
use base::{Slot, SlotMap, TenantId, UserId};
use gateway::Config;
use hyper::Request;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use wire::Body;

async fn made(hub: &Hub, body: Value) -> Value {
    let made = hub.ask("POST", "/sync-tickets").user("ada").json(&body).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.header("location"), format!("/sync-tickets/{}", made.json()["id"].as_str().unwrap()));
    made.json()
}

fn showing(hub: &Hub, made: &Value) -> Request<()> {
    request(hub, &format!("/sync?ticket={}", made["ticket"].as_str().unwrap()))
}

#[tokio::test]
async fn a_ticket_opens_sockets_until_it_ends() {
    let hub = Hub::start().await;
    let made = made(&hub, json!({})).await;
    for peer in ["ada-1", "ada-2", "ada-1"] {
        Peer::join(&hub, showing(&hub, &made), peer).await;
    }
    let expires = made["expires_at"].as_str().unwrap();
    assert!(expires.ends_with('Z') && expires > base::now().to_string().as_str(), "{expires}");
    hub.stop().await;
}

#[tokio::test]
async fn a_ticket_for_one_time_opens_one_socket() {
    let hub = Hub::start().await;
    let made = made(&hub, json!({"once": true, "ttl": 60})).await;
    let _first = Peer::join(&hub, showing(&hub, &made), "ada-1").await;
    let mut second = Peer::open(&hub, showing(&hub, &made)).await.named("ada-2");
    second.ask_to_join().await;
    second.expect_close(4401, "has been used").await;
    hub.stop().await;
}

#[tokio::test]
async fn a_ticket_for_some_documents_is_for_no_other() {
    let hub = Hub::start().await;
    let made = made(&hub, json!({"documents": [doc(1), name(doc(2))]})).await;
    let mut ada = Peer::join(&hub, showing(&hub, &made), "ada-1").await;
    let mut bob = Peer::of(&hub, "bob", "bob-1").await;
    for number in [1, 2, 3] {
        bob.sync(doc(number), "here").await;
        bob.settled().await;
    }
    ada.sync(doc(3), "x").await;
    ada.expect(Body::Unavailable { document: &name(doc(3)) }).await;
    ada.sync(doc(2), "x").await;
    bob.expect_sync(doc(2), b"x").await;
    hub.stop().await;
}

#[tokio::test]
async fn a_ticket_that_is_taken_back_ends_its_sockets_and_opens_no_more() {
    let hub = Hub::start().await;
    let (revoked, other) = (made(&hub, json!({})).await, made(&hub, json!({})).await);
    let mut open = Peer::join(&hub, showing(&hub, &revoked), "ada-1").await;
    let mut stays = Peer::join(&hub, showing(&hub, &other), "ada-2").await;
    let path = format!("/sync-tickets/{}", revoked["id"].as_str().unwrap());
    assert_eq!(hub.ask("DELETE", &path).user("ada").send().await.status, 204);
    open.expect_close(4403, "revoked").await;
    let mut again = Peer::open(&hub, showing(&hub, &revoked)).await.named("ada-3");
    again.ask_to_join().await;
    again.expect_close(4403, "revoked").await;
    stays.settled().await;
    hub.stop().await;
}

/// A gateway that was away from a node may have missed its notices.
#[tokio::test]
async fn tickets_in_use_are_looked_at_again_when_notices_may_have_been_missed() {
    let hub = Hub::start().await;
    let mut opened = Vec::new();
    for (name, body) in
        [("ada-1", json!({})), ("ada-2", json!({"once": true})), ("ada-3", json!({"once": true}))]
    {
        let made = made(&hub, body).await;
        let id = uuid::Uuid::parse_str(made["id"].as_str().unwrap()).unwrap();
        opened.push((rpc::TicketId(id.into_bytes()), Peer::join(&hub, showing(&hub, &made), name).await));
    }
    hub.relay.revoke_unheard(opened[0].0);
    hub.relay.revoke_unheard(opened[1].0);
    hub.relay.missed();
    opened[0].1.expect_close(4403, "revoked").await;
    opened[1].1.expect_close(4403, "revoked").await;
    // The other one is used up by its own socket, which stays.
    opened[2].1.settled().await;
    hub.stop().await;
}

/// A shard that is not to be had holds up only the tickets that it knows.
#[tokio::test]
async fn tickets_of_a_frozen_shard_do_not_hold_up_those_of_others() {
    let cluster = Cluster::of(2);
    cluster.fakes[1].turn(Mood::Leads);
    cluster.split();
    let hub = cluster.hub().await;
    let half = |user: &str| {
        let (tenant, user) = (TenantId::new("acme").unwrap(), UserId::new(user).unwrap());
        SlotMap::even(2).shard_of(Slot::of_owner(&tenant, &user)).0
    };
    let users = |shard| (0..).map(|n| format!("user-{n}")).filter(move |user| half(user) == shard);
    let mut held = Vec::new();
    for user in users(1).take(60).chain(users(0).take(1)) {
        let made = hub.ask("POST", "/sync-tickets").user(&user).json(&json!({})).send().await.json();
        let peer = Peer::join(&hub, showing(&hub, &made), &user).await;
        held.push((
            rpc::TicketId(uuid::Uuid::parse_str(made["id"].as_str().unwrap()).unwrap().into_bytes()),
            peer,
        ));
    }
    let (healthy, mut ended) = held.pop().unwrap();
    cluster.fakes[1].turn(Mood::Silent);
    hub.relay.revoke_unheard(healthy);
    let missed = cluster.fakes[0].missed.lock().clone();
    let told = Instant::now();
    missed.iter().for_each(|missed| missed());
    ended.expect_close(4403, "revoked").await;
    assert!(told.elapsed() < Duration::from_secs(3), "{:?}", told.elapsed());
    // Those of the frozen one are asked for again when it is back.
    let (frozen, mut ended) = held.pop().unwrap();
    hub.relay.revoke_unheard(frozen);
    cluster.fakes[1].turn(Mood::Leads);
    ended.expect_close(4403, "revoked").await;
    hub.stop().await;
}

#[tokio::test]
async fn what_no_ticket_is_made_for_is_refused() {
    let hub = Hub::start_with(|config| {
        config.limits.ticket_seconds = 100;
        config.limits.ticket_documents = 1;
    })
    .await;
    let ask = async |body: Value| hub.ask("POST", "/sync-tickets").user("ada").json(&body).send().await;
    ask(json!({"ttl": 101})).await.problem(422, "ticket-too-long");
    ask(json!({"ttl": 0})).await.problem(422, "invalid-body");
    ask(json!({"documents": ["x"]})).await.problem(422, "invalid-body");
    ask(json!({"documents": [doc(1), doc(2)]})).await.problem(422, "too-many-ticket-documents");
    ask(json!({"user": "bob"})).await.problem(422, "invalid-body");
    hub.ask("POST", "/sync-tickets").json(&json!({})).send().await.problem(401, "unauthenticated");
    let ticket = ask(json!({})).await.json()["ticket"].as_str().unwrap().to_owned();
    hub.get("/documents").token(&ticket).send().await.problem(401, "invalid-token");
    hub.ask("DELETE", "/sync-tickets/x").user("ada").send().await.problem(404, "unknown-path");
    hub.stop().await;
}

#[tokio::test]
async fn tickets_that_nobody_could_show_are_refused_at_the_start() {
    for (documents, starts) in [(32, true), (100, true), (200, false), (usize::MAX, false)] {
        let mut config = Config::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        config.limits.ticket_documents = documents;
        match Hub::start_as(config).await {
            Ok(hub) => {
                assert!(starts, "{documents}");
                hub.stop().await;
            }
            Err(error) => {
                assert!(
                    !starts && error.to_string().contains("MAX_TICKET_DOCUMENTS"),
                    "{documents}: {error}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_cookie_counts_on_pages_of_the_hub_alone() {
    let hub = Hub::start().await;
    let made = made(&hub, json!({})).await;
    let with_origin = |origin: &str| {
        let mut request = request(&hub, "/sync");
        let cookie = format!("a=b; context-hub-ticket={}", made["ticket"].as_str().unwrap());
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
        request.headers_mut().insert("origin", origin.parse().unwrap());
        request
    };
    Peer::join(&hub, with_origin(&format!("http://{}", hub.addr())), "ada-1").await;
    Peer::open(&hub, with_origin("https://evil.example")).await.expect_close(4401, "origin").await;
    hub.stop().await;
}
