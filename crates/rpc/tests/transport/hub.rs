//! Requests between a gateway and a node.

use crate::cluster::{Cluster, anywhere, credentials_of, subject};
use crate::fake::{Fake, NOW, OLD, PANIC, SHARD, STUCK};
use base::{DocId, NodeId, ShardId, TenantId, Timestamp, UserId};
use rpc::transport::tls::Role;
use rpc::transport::{Address, Hub, Remote, RemoteConfig, Server};
use rpc::*;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

pub const NODE: NodeId = NodeId(2);

pub fn caller(user: &str) -> Caller {
    Caller { tenant: TenantId::new("acme").unwrap(), user: UserId::new(user).unwrap() }
}

/// A gateway and a node with these shards behind it.
pub struct Pair {
    pub cluster: Cluster,
    pub server: Server,
    pub remote: Remote,
}

pub fn hub(fake: &Arc<Fake>) -> Hub {
    Hub { shards: fake.clone(), live: fake.clone(), tickets: fake.clone() }
}

pub fn remote(cluster: &Cluster, place: SocketAddr, role: Role) -> Remote {
    let credentials = credentials_of(&cluster.authority, &subject(role, "gateway-0"), base::now());
    Remote::start(RemoteConfig {
        address: Address { subject: subject(Role::Node, "node-2"), place: place.to_string() },
        credentials,
        shard_of: Arc::new(|_| SHARD),
        view_bytes: 64 << 20,
    })
}

impl Pair {
    pub async fn of(fake: &Arc<Fake>) -> Pair {
        let cluster = Cluster::new();
        let server = cluster.serve_hub(NODE, anywhere(), hub(fake)).await;
        let remote = remote(&cluster, server.address(), Role::Gateway);
        Pair { cluster, server, remote }
    }

    pub async fn close(self) {
        self.remote.close().await;
        self.server.close().await;
    }
}

fn key(key: &str) -> EditKey {
    EditKey { key: key.to_owned(), request_hash: [3; 32] }
}

fn create(content: Value) -> Create {
    let labels = [("team".to_owned(), "a".to_owned())].into();
    Create { name: "a name".to_owned(), shape: base::Shape::Json, content, key: key("k"), labels }
}

fn write(id: DocId, content: Value, with: &str) -> Write {
    let precondition = Precondition::default();
    Write { id, base: Base::Now, edit: Edit::Replace(content), precondition, key: key(with) }
}

fn now(id: DocId) -> Read {
    Read { id, at: At::Now, at_least: None }
}

/// All that a reader sees.
fn told(seen: &Result<Seen, Refusal>) -> String {
    let told = |seen: &Seen| {
        let View {
            id, name, shape, owner, version, heads, tag, created_at, updated_at, content, labels, ..
        } = &*seen.view;
        let (level, revision) = (seen.level, seen.revision);
        format!(
            "{id} {name} {shape:?} {owner} {version} {heads:?} {tag} {created_at} {updated_at} {content:?} {labels:?} {level} {revision}"
        )
    };
    format!("{:?}", seen.as_ref().map(told))
}

/// Everything that can be asked, in one order; what was said, in words.
async fn conversation(hub: &Hub) -> Vec<String> {
    let (ada, eve) = (caller("ada"), caller("eve"));
    let Hub { shards, tickets, .. } = hub;
    let mut said = Vec::new();
    let made = shards.create(ada.clone(), create(json!({ "a": [1, 2.5, null, "é"] }))).await;
    let id = made.as_ref().unwrap().view.id;
    said.push(told(&made));
    said.push(told(&shards.read(ada.clone(), now(id)).await));
    said.push(told(&shards.read(ada.clone(), now(id)).await));
    said.push(told(&shards.read(eve.clone(), now(id)).await));
    said.push(told(&shards.read(ada.clone(), Read { id, at: At::Version(9), at_least: None }).await));
    said.push(told(&shards.write(ada.clone(), write(id, json!({ "b": true }), "w")).await));
    said.push(told(&shards.read(ada.clone(), Read { at_least: Some(9), ..now(id) }).await));
    said.push(told(&shards.read(ada.clone(), now(id)).await));
    let strict = Precondition { match_any: Some(vec!["other".to_owned()]), ..Precondition::default() };
    let strict = Write { precondition: strict, ..write(id, json!(1), "w") };
    said.push(told(&shards.write(ada.clone(), strict).await));
    let ops = vec![Op::Increment { path: vec![PathStep::Key("n".to_owned()), PathStep::Index(3)], by: -1 }];
    let edit = Edit::Operations { ops, unit: Unit::Scalar };
    said.push(told(&shards.write(ada.clone(), Write { edit, ..write(id, json!(1), "w") }).await));
    let share = |level| Share { id, principal: eve.user.clone(), level, key: key("s") };
    said.push(format!("{:?}", shards.share(ada.clone(), share(Some(base::Level::Write))).await));
    said.push(format!("{:?}", shards.share(ada.clone(), share(None)).await));
    said.push(format!("{:?}", shards.access(ada.clone(), id).await));
    for (shard, after) in [(SHARD, None), (SHARD, Some(id)), (ShardId(8), None)] {
        said.push(format!("{:?}", shards.list(ada.clone(), List { shard, after, limit: 5 }).await));
    }
    let labels = [("team".to_owned(), None), ("stage".to_owned(), Some("b".to_owned()))].into();
    let (name, precondition) = (Some("another".to_owned()), Precondition::default());
    let set = SetMetadata { id, name, clear_labels: false, labels, precondition, key: key("m") };
    said.push(told(&shards.set_metadata(ada.clone(), set).await));
    for (name, after) in [("ano", None), ("x", None), ("", Some(SortKey::Time(Timestamp(0))))] {
        let stage = LabelFilter { key: "stage".to_owned(), value: None };
        let filter = Filter { labels: vec![stage], name_prefix: Some(name.to_owned()), ..Filter::default() };
        let order = Order { by: SortBy::UpdatedAt, descending: false };
        let after = after.map(|key| Place { key, id });
        let select = Select { shard: SHARD, filter, order, after, limit: 5, count: true };
        said.push(format!("{:?}", shards.select(ada.clone(), select).await));
    }
    for since in [None, Some(OLD), Some(NOW)] {
        let wait = Duration::ZERO;
        let changes = Changes { shard: SHARD, since, document: Some(id), limit: 3, wait };
        said.push(format!("{:?}", shards.changes(ada.clone(), changes).await));
    }
    for before in [None, Some(3)] {
        let history = History { id, before, limit: 2 };
        said.push(format!("{:?}", shards.history(ada.clone(), history.clone()).await));
        said.push(format!("{:?}", shards.history(eve.clone(), history).await));
    }
    for from in [At::Now, At::Version(9)] {
        let compared = shards.compare(ada.clone(), Compare { id, from, to: At::Now }).await;
        let told = compared.map(|same| (same.from.version, same.to.content.clone(), same.ops, same.revision));
        said.push(format!("{told:?}"));
    }
    said.push(format!("{:?}", shards.export(ada.clone(), Export { id, at: At::Now }).await));
    let import = Import { name: "i".to_owned(), file: vec![1, 2].into(), key: key("i") };
    said.push(told(&shards.import(ada.clone(), import).await));
    let delete = || Delete { id, precondition: Precondition::default(), key: key("d") };
    said.push(format!("{:?}", shards.delete(ada.clone(), delete()).await));
    said.push(format!("{:?}", shards.delete(ada.clone(), delete()).await));
    let redeem = Redeem { id: TicketId([5; 16]), once: true, expires: Timestamp(9) };
    said.push(format!("{:?}", tickets.redeem(ada.clone(), redeem).await));
    said.push(format!("{:?}", tickets.redeem(ada.clone(), redeem).await));
    while shards.health().shards.is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    said.push(format!("{:?}", shards.health()));
    said.push(format!("{:?} {:?}", shards.shards(), shards.shard_of(id)));
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_the_same_as_without_a_wire() {
    let pair = Pair::of(&Fake::new()).await;
    let remote = Arc::new(pair.remote);
    let over = Hub { shards: remote.clone(), live: remote.clone(), tickets: remote.clone() };
    assert_eq!(conversation(&over).await, conversation(&hub(&Fake::new())).await);
    remote.close().await;
    pair.server.close().await;
}

/// What did not change is not sent again, and who may not read is refused all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_that_is_known_is_the_same_view() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    let (ada, eve) = (caller("ada"), caller("eve"));
    let id = pair.remote.create(ada.clone(), create(json!({}))).await.unwrap().view.id;
    let first = pair.remote.read(ada.clone(), now(id)).await.unwrap();
    let second = pair.remote.read(ada.clone(), now(id)).await.unwrap();
    assert!(Arc::ptr_eq(&first.view, &second.view));
    assert_eq!(pair.remote.read(eve, now(id)).await.unwrap_err(), Refusal::NotFound);
    pair.remote.write(ada.clone(), write(id, json!({ "a": 1 }), "w")).await.unwrap();
    let third = pair.remote.read(ada, now(id)).await.unwrap();
    assert_eq!(third.view.version, 2);
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_documents_and_many_small_ones_share_the_channel() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    let ada = caller("ada");
    let long = "x".repeat(12 << 20);
    let large = pair.remote.create(ada.clone(), create(json!(long))).await.unwrap().view;
    assert_eq!(large.content.len(), long.len() + 2);
    let small = pair.remote.create(ada.clone(), create(json!(1))).await.unwrap().view.id;
    let reads = (0..500).map(|number| {
        let id = if number % 50 == 0 { large.id } else { small };
        pair.remote.read(ada.clone(), Read { id, at: At::Version(1), at_least: None })
    });
    for read in futures::future::join_all(reads).await {
        let view = read.unwrap().view;
        assert_eq!(view.content.len(), if view.id == small { 1 } else { long.len() + 2 });
    }
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_node_goes_away_everybody_is_told_what_that_means() {
    let fake = Fake::new();
    let Pair { cluster, server, remote } = Pair::of(&fake).await;
    let ada = caller("ada");
    let id = remote.create(ada.clone(), create(json!(STUCK))).await.unwrap().view.id;
    let (reading, writing) =
        (remote.read(ada.clone(), now(id)), remote.write(ada.clone(), write(id, json!(1), STUCK)));
    let closing = async {
        fake.stuck.subscribe().wait_for(|stuck| *stuck == 2).await.unwrap();
        let address = server.address();
        server.close().await;
        address
    };
    let (read, written, address) = tokio::join!(reading, writing, closing);
    assert!(matches!(read, Err(Refusal::Unavailable { shard: ShardId(7), .. })), "{read:?}");
    assert_eq!(written.unwrap_err(), Refusal::Unknown { shard: ShardId(7) });
    // Nothing was sent, so nothing is unknown.
    let refused = remote.write(ada.clone(), write(id, json!(1), "w")).await;
    assert!(matches!(refused, Err(Refusal::Unavailable { .. })), "{refused:?}");
    assert!(!remote.health().ready());
    let server = cluster.serve_hub(NODE, address, hub(&fake)).await;
    while remote.write(ada.clone(), write(id, json!(1), "w")).await.is_err() {
        sleep(Duration::from_millis(10)).await;
    }
    // Who waited at the node was let go.
    assert_eq!(*fake.stuck.borrow(), 0);
    remote.close().await;
    server.close().await;
    let refused = remote.read(ada.clone(), now(id)).await.unwrap_err().to_string();
    assert!(refused.contains("stopping"), "{refused}");
    // A list is for the shard that it names, wherever its caller's own documents are.
    let list = List { shard: ShardId(3), after: None, limit: 1 };
    let refused = remote.list(ada, list).await.unwrap_err();
    assert!(matches!(refused, Refusal::Unavailable { shard: ShardId(3), .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_answers_first() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    let wait = Duration::from_millis(200);
    let changes = Changes { shard: SHARD, since: None, document: None, limit: 1, wait };
    let asked = pair.remote.changes(caller("ada"), changes);
    let stopping = async {
        fake.stuck.subscribe().wait_for(|stuck| *stuck == 1).await.unwrap();
        pair.server.drain(Duration::from_secs(20)).await;
        pair.server.close().await;
    };
    let (page, ()) = tokio::join!(asked, stopping);
    assert_eq!(page.unwrap().place, NOW);
    pair.remote.close().await;
}

/// Whoever waits is told at once, and the channel goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_panics_at_the_node_is_answered() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    let ada = caller("ada");
    let id = pair.remote.create(ada.clone(), create(json!(1))).await.unwrap().view.id;
    let read = pair.remote.read(caller(PANIC), now(id)).await;
    assert!(matches!(read, Err(Refusal::Internal { .. })), "{read:?}");
    let written = pair.remote.write(ada.clone(), write(id, json!(1), PANIC)).await;
    assert_eq!(written.unwrap_err(), Refusal::Unknown { shard: ShardId(7) });
    let join = Join { id, resumed: false, bell: Arc::new(|_| {}) };
    let joined = pair.remote.join(caller(PANIC), join.clone()).await.err();
    assert!(matches!(joined, Some(Refusal::Internal { .. })), "{joined:?}");
    let session = pair.remote.join(ada.clone(), join).await.unwrap();
    let received = session.receive(PANIC.into()).await;
    assert!(matches!(received, Err(Refusal::Internal { .. })), "{received:?}");
    session.receive("wait".into()).await.unwrap();
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_nobody_waits_for_is_let_go() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    let ada = caller("ada");
    let id = pair.remote.create(ada.clone(), create(json!(STUCK))).await.unwrap().view.id;
    let mut stuck = fake.stuck.subscribe();
    {
        let reading = pair.remote.read(ada.clone(), now(id));
        tokio::select! {
            read = reading => panic!("{read:?}"),
            _ = stuck.wait_for(|stuck| *stuck == 1) => {}
        }
    }
    stuck.wait_for(|stuck| *stuck == 0).await.unwrap();
    pair.close().await;
}

/// While it was away tickets may have been taken back, and nobody tells it later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_was_away_is_told_that_it_may_have_missed_something() {
    let fake = Fake::new();
    let Pair { cluster, server, remote } = Pair::of(&fake).await;
    let missed = tokio::sync::watch::channel(0).0;
    let noted = missed.clone();
    remote.on_missed(Arc::new(move || noted.send_modify(|times| *times += 1)));
    let redeem = Redeem { id: TicketId([1; 16]), once: false, expires: Timestamp(9) };
    assert_eq!(remote.redeem(caller("ada"), redeem).await, Ok(Redeemed::Good));
    let before = *missed.borrow();
    let address = server.address();
    server.close().await;
    let server = cluster.serve_hub(NODE, address, hub(&fake)).await;
    missed.subscribe().wait_for(|times| *times > before).await.unwrap();
    // It can ask at once.
    assert_eq!(remote.redeem(caller("ada"), redeem).await, Ok(Redeemed::Good));
    remote.close().await;
    server.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_hears_of_tickets_that_another_took_back() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let noted = heard.clone();
    pair.remote.on_revoked(Arc::new(move |caller, id| noted.lock().unwrap().push((caller.clone(), id))));
    // The channel stands once something was answered.
    let redeem = Redeem { id: TicketId([1; 16]), once: false, expires: Timestamp(9) };
    assert_eq!(pair.remote.redeem(caller("ada"), redeem).await, Ok(Redeemed::Good));
    let other = remote(&pair.cluster, pair.server.address(), Role::Gateway);
    other.revoke(caller("ada"), TicketId([8; 16]), Timestamp(9)).await.unwrap();
    while heard.lock().unwrap().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(*heard.lock().unwrap(), [(caller("ada"), TicketId([8; 16]))]);
    other.close().await;
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_gateways_speak_for_clients() {
    let fake = Fake::new();
    let pair = Pair::of(&fake).await;
    for role in [Role::Node, Role::Admin] {
        let other = remote(&pair.cluster, pair.server.address(), role);
        let id = DocId::mint(base::Slot::new(0).unwrap(), [0; 16]);
        let refused = other.read(caller("ada"), now(id)).await.unwrap_err();
        assert!(refused.to_string().contains("is not a gateway"), "{refused}");
        other.close().await;
    }
    pair.close().await;
}
