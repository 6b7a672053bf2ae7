//! Thin clients: a plain copy that keeps up with everything that anyone does, by operations alone.

use super::world::{Hub, PATIENCE, caller, compute, converge, until};
use crate::live::follow::Seat;
use automerge::{Automerge, ReadDoc};
use base::{DocId, Level, plain};
use bytes::Bytes;
use rpc::{Ephemeral, Follow, FollowSession, Followed, Live, Refusal, Update};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// A client with a plain copy.
struct Reader {
    session: Arc<dyn FollowSession>,
    rung: Arc<Notify>,
    version: u64,
    copy: Value,
    snapshots: usize,
    updates: Vec<Arc<Update>>,
    levels: Vec<Level>,
    said: Vec<Arc<Ephemeral>>,
    ended: Option<Refusal>,
}

impl Reader {
    async fn begin(hub: &Hub, user: &str, id: DocId) -> Reader {
        Reader::resume(hub, user, id, None, false).await.unwrap()
    }

    /// Comes back with what it has.
    async fn resume(
        hub: &Hub,
        user: &str,
        id: DocId,
        has: Option<(u64, Value)>,
        changes: bool,
    ) -> Result<Reader, Refusal> {
        let rung = Arc::new(Notify::new());
        let bell = rung.clone();
        let bell: rpc::Bell = Arc::new(move |_| bell.notify_one());
        let since = has.as_ref().map(|(version, _)| *version);
        let session = hub.service().follow(caller(user), Follow { id, since, changes, bell }).await?;
        let (version, copy) = has.unwrap_or_default();
        let (snapshots, updates, levels, said, ended) = (0, vec![], vec![], vec![], None);
        Ok(Reader { session, rung, version, copy, snapshots, updates, levels, said, ended })
    }

    /// What it has.
    fn has(&self) -> Option<(u64, Value)> {
        Some((self.version, self.copy.clone()))
    }

    fn take(&mut self) {
        while let Some(next) = self.session.next() {
            match next {
                Followed::Snapshot(seen) => {
                    self.snapshots += 1;
                    self.version = seen.view.version;
                    self.copy = serde_json::from_slice(&seen.view.content).unwrap();
                }
                Followed::Update(update) => {
                    assert_eq!(update.from, self.version, "an update is for the version that its reader has");
                    plain::apply(&mut self.copy, &update.ops).unwrap();
                    self.version = update.version;
                    self.updates.push(update);
                }
                Followed::Level(level) => self.levels.push(level),
                Followed::Ephemeral(said) => self.said.push(said),
                Followed::Ended(refusal) => self.ended = Some(refusal),
            }
        }
    }

    /// Looks whenever its bell rings, until something holds.
    async fn until(&mut self, what: &str, holds: impl Fn(&Reader) -> bool) {
        let started = Instant::now();
        loop {
            self.take();
            if holds(self) {
                return;
            }
            let left = PATIENCE.checked_sub(started.elapsed());
            let rung = tokio::time::timeout(left.unwrap_or_default(), self.rung.notified()).await;
            assert!(rung.is_ok(), "it never came to be: {what}; {:?} at {}", self.copy, self.version);
        }
    }

    /// Keeps up until it has what the hub has.
    async fn catch_up(&mut self, hub: &Hub, id: DocId) {
        let newest = hub.read("ada", id).await.unwrap().view;
        self.until("the reader has the newest version", |reader| reader.version >= newest.version).await;
        if self.version == newest.version {
            let content: Value = serde_json::from_slice(&newest.content).unwrap();
            assert_eq!(self.copy, content);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_copy_keeps_up_with_peers_and_editors() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    hub.share("ada", id, "bob", Some(Level::Write)).await;
    let mut peer = hub.peer("bob", id).await;
    converge(&hub, "ada", id, &mut [&mut peer]).await;
    let (mut first, mut second) =
        (Reader::begin(&hub, "ada", id).await, Reader::begin(&hub, "bob", id).await);
    for round in 0..20 {
        peer.type_at(round, "é😀");
        peer.turn().await;
        hub.splice("ada", id, 0, "<").await.unwrap();
        first.take();
    }
    converge(&hub, "ada", id, &mut [&mut peer]).await;
    for reader in [&mut first, &mut second] {
        reader.catch_up(&hub, id).await;
        assert_eq!((reader.snapshots, reader.copy.as_str()), (1, Some(peer.text().as_str())));
    }
    let authors: Vec<_> =
        first.updates.iter().flat_map(|update| &update.authors).map(|user| user.as_str()).collect();
    assert!(authors.contains(&"ada") && authors.contains(&"bob"), "{authors:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keystroke_is_one_operation() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "😀 text").await;
    let mut reader = Reader::begin(&hub, "ada", id).await;
    reader.catch_up(&hub, id).await;
    hub.splice("ada", id, 3, "X").await.unwrap();
    reader.catch_up(&hub, id).await;
    let op = base::Op::Splice { path: vec![], position: 3, delete: 0, insert: "X".into() };
    assert_eq!(reader.updates.last().unwrap().ops, [op]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_goes_on_from_the_version_that_it_has() {
    let mut hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    let mut reader = Reader::begin(&hub, "ada", id).await;
    reader.catch_up(&hub, id).await;
    let has = reader.has();
    hub.splice("ada", id, 0, "1").await.unwrap();
    reader.catch_up(&hub, id).await;

    // While the step is kept, and after a restart, when it has to be worked out.
    for round in 0..2 {
        let mut back = Reader::resume(&hub, "ada", id, has.clone(), false).await.unwrap();
        back.catch_up(&hub, id).await;
        assert_eq!((back.snapshots, back.updates.len()), (0, 1), "round {round}");
        drop((back, reader));
        hub.restart().await;
        reader = Reader::begin(&hub, "ada", id).await;
    }

    // Who has the newest is told so, in place of a snapshot.
    reader.catch_up(&hub, id).await;
    let mut same = Reader::resume(&hub, "ada", id, reader.has(), false).await.unwrap();
    same.until("there is an update of nothing", |same| same.updates.len() == 1).await;
    assert!(same.updates[0].ops.is_empty() && same.snapshots == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_what_never_was_begins_anew() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    for version in [0, 7] {
        let has = Some((version, Value::from("nonsense")));
        let mut lost = Reader::resume(&hub, "ada", id, has, false).await.unwrap();
        lost.until("there is a snapshot", |lost| lost.snapshots == 1).await;
        assert_eq!((lost.version, lost.copy.as_str()), (1, Some("text")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_commits_are_few_updates_and_a_slow_reader_gets_fewer() {
    const EDITS: usize = 2_000;
    let hub = Arc::new(Hub::start().await);
    let id = hub.create_text("ada", "").await;
    let (mut quick, mut slow) = (Reader::begin(&hub, "ada", id).await, Reader::begin(&hub, "ada", id).await);
    slow.take();
    let writer = {
        let hub = hub.clone();
        tokio::spawn(async move {
            for _ in 0..EDITS / 50 {
                let edits = (0..50).map(|_| hub.splice("ada", id, 0, "x"));
                futures::future::try_join_all(edits).await.unwrap();
            }
        })
    };
    quick.until("all edits have come", |reader| reader.copy.as_str().map_or(0, str::len) == EDITS).await;
    writer.await.unwrap();
    let versions = quick.version as usize;
    assert!(quick.updates.len() <= versions && quick.updates.len() < EDITS / 4, "{}", quick.updates.len());
    slow.catch_up(&hub, id).await;
    assert!(slow.updates.len() <= quick.updates.len() && slow.snapshots <= 2);
    assert_eq!(slow.copy, quick.copy);
}

#[tokio::test(flavor = "multi_thread")]
async fn access_is_looked_at_whenever_something_is_shown() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    let stranger = Reader::resume(&hub, "bob", id, None, false).await;
    assert_eq!(stranger.err(), Some(Refusal::NotFound));
    hub.share("ada", id, "bob", Some(Level::Read)).await;
    let mut bob = Reader::begin(&hub, "bob", id).await;
    bob.catch_up(&hub, id).await;
    hub.share("ada", id, "bob", Some(Level::Write)).await;
    bob.until("bob is told that he may write", |bob| bob.levels == [Level::Write]).await;

    hub.share("ada", id, "bob", None).await;
    hub.splice("ada", id, 0, "secret ").await.unwrap();
    bob.until("it is over for bob", |bob| bob.ended == Some(Refusal::NotFound)).await;
    assert_eq!(bob.copy.as_str(), Some("text"));
    hub.share("ada", id, "bob", Some(Level::Read)).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(bob.session.next().is_none(), "what is over stays over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_document_ends_its_readers() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    let mut reader = Reader::begin(&hub, "ada", id).await;
    reader.catch_up(&hub, id).await;
    hub.delete("ada", id).await;
    reader.until("it is over", |reader| reader.ended == Some(Refusal::NotFound)).await;
    assert_eq!(Reader::resume(&hub, "ada", id, reader.has(), false).await.err(), Some(Refusal::NotFound));
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_and_peers_hear_each_other() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    let mut peer = hub.peer("ada", id).await;
    converge(&hub, "ada", id, &mut [&mut peer]).await;
    let (mut first, mut second) =
        (Reader::begin(&hub, "ada", id).await, Reader::begin(&hub, "ada", id).await);
    first.catch_up(&hub, id).await;
    second.catch_up(&hub, id).await;
    let word = |name: &str| Ephemeral {
        sender: name.into(),
        session: name.into(),
        count: 0,
        data: Bytes::from_static(&[0x61, b'x']),
    };
    first.session.say(word("first"));
    second.until("the second reader hears the first", |second| second.said.len() == 1).await;
    until(&mut [&mut peer], "the peer hears the first reader", |peers| peers[0].got.said.len() == 1).await;
    assert_eq!(*peer.got.said[0], word("first"));
    peer.session.say(word("peer"));
    first.until("the first reader hears the peer", |first| first.said.len() == 1).await;
    assert_eq!(*first.said[0], word("peer"), "and has not heard itself");
    second.until("the second reader hears the peer", |second| second.said.len() == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_says_too_much_is_not_heard_for_a_while() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    let mut reader = Reader::begin(&hub, "ada", id).await;
    reader.catch_up(&hub, id).await;
    let (engine, shard, _live) = hub.behind(id);
    let follow = Follow { id, since: None, changes: false, bell: Arc::new(|_| ()) };
    let loud = Seat::take(&engine, &shard, caller("ada"), follow).await.unwrap();
    let said = |count| Ephemeral {
        sender: "loud".into(),
        session: "loud".into(),
        count,
        data: Bytes::from_static(&[0x61, b'x']),
    };
    loud.say(said(1));
    loud.allowance().charge(|| compute(Duration::from_millis(500)));
    loud.say(said(2));
    reader.take();
    assert_eq!(reader.said.iter().map(|said| said.count).collect::<Vec<_>>(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_changes_come_to_those_who_ask() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "text").await;
    let mut peer = hub.peer("ada", id).await;
    converge(&hub, "ada", id, &mut [&mut peer]).await;
    let mut copy: Automerge = peer.leave();
    let mut reader = Reader::resume(&hub, "ada", id, Some((1, Value::from("text"))), true).await.unwrap();
    for letter in ["a", "b", "c"] {
        hub.splice("ada", id, 0, letter).await.unwrap();
        reader.catch_up(&hub, id).await;
    }
    for update in reader.updates.iter().filter(|update| !update.ops.is_empty()) {
        copy.load_incremental(update.changes.as_ref().unwrap()).unwrap();
        let mut heads: Vec<_> = copy.get_heads().iter().map(|hash| base::Hash(hash.0)).collect();
        heads.sort_unstable();
        assert_eq!(heads, update.heads);
    }
    let (_, content) = copy.get(automerge::ROOT, "content").unwrap().unwrap();
    assert_eq!(copy.text(content).unwrap(), "cbatext");
}
