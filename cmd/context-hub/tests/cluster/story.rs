//! The story: placed, used, grown, shrunk, and left alone by its coordinator. Most of its time the controller lets pass before it
//! moves anything: it has to have known the coordinator for a minute.

use crate::admin::{admin, figure, ids, names, nodes, page, shards};
use crate::support::{Reply, User, Wire, context_hub};
use chaos::cluster::{Cluster, Role, Spec};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SHARDS: u32 = 4;
/// Longer than the lease of a node, and than all that waits for the coordinator.
const WITHOUT_ETCD: Duration = Duration::from_secs(11);
/// How long a cluster may go on moving when it should not: leaders are moved every few seconds.
const STILL: Duration = Duration::from_secs(4);
/// How long something may take that comes by itself, on a busy machine.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_used_grows_shrinks_and_does_without_etcd() {
    if !chaos::has_program("etcd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut spec = Spec::new(Path::new(env!("CARGO_BIN_EXE_context-hub")), folder.path());
    (spec.nodes, spec.gateways, spec.shards) = (3, 1, SHARDS);
    let started = Instant::now();
    let say = |what: &str| eprintln!("{:5.1} s  {what}", started.elapsed().as_secs_f64());
    let mut cluster = Cluster::up(&spec, |_| {}).await.unwrap();
    say("all are ready");

    is_placed(&cluster).await;
    let (owner, bob) = users(&cluster).await;
    documents_are_used(&owner, &bob).await;
    say("documents were used");

    let path = owner.text("0").await;
    let fourth = cluster.add_node().await.unwrap();
    say("a fourth node is there");
    a_node_goes(&mut cluster, &owner, &path, &fourth).await;
    say("the first one is gone");

    does_without_etcd(&mut cluster, &owner, &path).await;
    say("etcd was away and is back");
}

/// The owner, and another user of the same tenant, at the gateway.
pub async fn users(cluster: &Cluster) -> (User, User) {
    let gateway = cluster.members(Role::Gateway).next().unwrap().addr;
    let wire = Arc::new(Wire::to(&gateway.to_string()));
    let key = cluster.folder().join("keys/signing-key.pem");
    let words = ["token", "--user", "bob", "--ttl", "1h", "--jwt-private-key-file", key.to_str().unwrap()];
    let token = context_hub(cluster.folder(), &words, &[]).await;
    assert!(token.success, "{}", token.err);
    let owner = User::new(wire.clone(), Some(cluster.owner_token().unwrap()));
    (owner, User::new(wire, Some(token.out.trim().to_owned())))
}

async fn is_placed(cluster: &Cluster) {
    let listed = settled(cluster).await;
    assert_eq!(listed.len(), SHARDS as usize);
    let nodes = nodes(cluster).await;
    assert_eq!(nodes.keys().collect::<Vec<_>>(), ["n1", "n2", "n3"]);
    for node in nodes.values() {
        assert_eq!((&node["state"], &node["replicas"]), (&json!("up"), &json!(SHARDS)), "{node}");
    }
    let leads = |node: &Value| node["leads"].as_u64().unwrap();
    assert_eq!(nodes.values().map(leads).sum::<u64>(), u64::from(SHARDS));
    assert!(nodes.values().all(|node| (1..=2).contains(&leads(node))), "spread: {nodes:?}");
    eventually("figures", async || {
        let mut leaders = 0.0;
        for node in names(cluster) {
            leaders += figure(cluster, &node, "shard_leader").await.values().sum::<f64>();
        }
        (leaders == f64::from(SHARDS)).then_some(()).ok_or_else(|| format!("{leaders} leaders"))
    })
    .await;
}

/// The shards, once all are led by who should lead them, with the voters that they should have.
async fn settled(cluster: &Cluster) -> Vec<Value> {
    eventually("shards", async || {
        let shards = shards(cluster).await;
        let is_settled = |shard: &Value| {
            shard["leader"] == shard["preferred_leader"] && ids(&shard["voters"]) == ids(&shard["desired"])
        };
        if shards.len() == SHARDS as usize && shards.iter().all(is_settled) {
            Ok(shards)
        } else {
            Err(format!("{shards:?}"))
        }
    })
    .await
}

async fn documents_are_used(owner: &User, bob: &User) {
    let (_, since) = feed(owner, "/changes?limit=1000").await;
    let mut paths = Vec::new();
    for number in 0..24 {
        paths.push(owner.text(&number.to_string()).await);
    }
    let path = &paths[0];
    let put = owner.put(path, &json!({"version": 1, "content": "two"})).send().await;
    put.json(200);
    let ops = json!([{"op": "splice", "position": 0, "insert": "one, "}]);
    owner.edit(path, 2, ops).await;
    assert_eq!(owner.content(path).await, "one, two");
    assert_eq!(owner.content(&format!("{path}?version=1")).await, "0");
    // The writer's own revision, and several at once, as a client keeps them.
    let own = put.header("hub-revision");
    let seen = owner.get(path).header("hub-at-least", own).send().await;
    assert!(index(&seen) >= index(&put), "{own} was asked for: {seen:?}");
    assert_eq!(seen.json(200)["content"], "one, two");

    bob.get(path).send().await.problem(404, "not-found");
    owner.grant(path, "bob", "write").await;
    assert_eq!(bob.content(path).await, "one, two");
    bob.replace(path, 3, json!("from bob")).await;
    let listed = bob.get("/documents").send().await.json(200);
    assert_eq!(listed["documents"].as_array().unwrap().len(), 1);
    let listed = owner.get("/documents?limit=100").send().await.json(200);
    let listed: Vec<_> =
        listed["documents"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(listed.len(), paths.len());
    assert!(paths.iter().all(|path| listed.contains(&path.strip_prefix("/documents/").unwrap())));

    let (events, _) = feed(owner, &format!("/changes?since={since}&limit=1000")).await;
    let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    assert_eq!((count("created"), count("changed"), count("shared")), (paths.len(), 3, 1), "{events:?}");
}

/// One page of a feed, and the token behind it.
async fn feed(user: &User, path: &str) -> (Vec<Value>, String) {
    let page = user.get(path).send().await;
    assert_eq!(page.status, 200, "{page:?}");
    let mut lines: Vec<Value> = page.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let bookmark = lines.pop().unwrap();
    assert_eq!(bookmark["type"], "bookmark");
    (lines, bookmark["token"].as_str().unwrap().to_owned())
}

/// How far the shard of an answer was.
fn index(reply: &Reply) -> u64 {
    reply.header("hub-revision").split_once('.').unwrap().1.parse().unwrap()
}

/// A node is drained, stopped and removed, and somebody writes all the while.
async fn a_node_goes(cluster: &mut Cluster, owner: &User, path: &str, fourth: &str) {
    let writer = tokio::spawn(write_until_told(owner.clone(), path.to_owned()));
    let steps = admin(cluster, &["nodes", "drain", "n1"]).await;
    let last = steps.last().unwrap();
    assert_eq!((&last["replicas"], &last["done"]), (&json!(0), &json!(true)), "{steps:?}");
    let listed = nodes(cluster).await;
    assert_eq!((&listed["n1"]["state"], &listed["n1"]["replicas"]), (&json!("draining"), &json!(0)));
    assert_eq!(listed[fourth]["replicas"], json!(SHARDS), "there was nowhere else to go: {listed:?}");
    // What it had of them is dropped, and shown no more.
    eventually("an empty node", async || {
        let ready = page(cluster, "n1", "/readyz").await;
        let shown = ready.json(200);
        (shown["replicas"] == 0).then_some(()).ok_or_else(|| shown.to_string())
    })
    .await;
    eventually("figures of an empty node", async || {
        let mut shown = figure(cluster, "n1", "shard_leader").await;
        shown.extend(figure(cluster, "n1", "shard_log_last_index").await);
        shown.extend(figure(cluster, "n1", "shard_replication_lag_entries").await);
        shown.values().all(|value| *value == 0.0).then_some(()).ok_or_else(|| format!("{shown:?}"))
    })
    .await;
    let words = ["admin", "nodes", "remove", "n1", "--etcd-endpoints", &cluster.etcd_endpoints()];
    let early = context_hub(cluster.folder(), &words, &[]).await;
    assert!(!early.success, "a node that runs is not removed: {}", early.out);
    cluster.remove_node("n1").await.unwrap();
    let left: Vec<_> = nodes(cluster).await.into_keys().collect();
    assert_eq!(left, ["n2", "n3", fourth]);
    writer.abort();
    // Cancelled is what it should be: a write that failed is a panic.
    assert!(writer.await.unwrap_err().is_cancelled(), "a write failed while a node went");
}

/// Writes, one after the other, for ever; each has to succeed.
async fn write_until_told(owner: User, path: String) {
    loop {
        write(&owner, &path).await;
    }
}

/// Writes on top of what is there, and reads it back.
pub async fn write(owner: &User, path: &str) {
    let version = owner.read(path).await["version"].as_u64().unwrap();
    let content = json!(version.to_string());
    let put = owner.put(path, &json!({"version": version, "content": content})).send().await;
    assert_eq!(put.json(200)["content"], content);
    let own = put.header("hub-revision");
    let read = owner.get(path).header("hub-at-least", own).send().await;
    assert_eq!(read.json(200)["content"], content);
}

async fn does_without_etcd(cluster: &mut Cluster, owner: &User, path: &str) {
    let before = settled(cluster).await;
    let etcds: Vec<_> = cluster.members(Role::Etcd).map(|etcd| etcd.name.clone()).collect();
    cluster.kill(&etcds).await.unwrap();
    let (started, mut worst) = (Instant::now(), Duration::ZERO);
    while started.elapsed() < WITHOUT_ETCD {
        let began = Instant::now();
        write(owner, path).await;
        owner.text("made without etcd").await;
        worst = worst.max(began.elapsed());
    }
    assert!(worst < Duration::from_secs(3), "etcd was waited for: {worst:?}");
    for node in names(cluster) {
        page(cluster, &node, "/readyz").await.json(200);
    }
    cluster.start(&etcds).await.unwrap();
    let back = Instant::now();
    while back.elapsed() < STILL {
        write(owner, path).await;
        assert_eq!(shards(cluster).await, before, "leaders, terms or voters have changed");
        let nodes = nodes(cluster).await;
        assert!(nodes.values().all(|node| node["state"] == "up"), "{nodes:?}");
    }
}

/// Asks again and again until it is so; what was last wrong is said when it never is.
pub async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Result<T, String>) -> T {
    let started = Instant::now();
    loop {
        match ask().await {
            Ok(found) => return found,
            Err(wrong) => assert!(started.elapsed() < SOON, "{what}: {wrong}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
