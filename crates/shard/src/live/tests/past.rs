//! The past of documents that REST clients and peers write together: versions, differences, files.

use super::world::{Hub, PATIENCE, caller, converge};
use crate::documents::compacted;
use automerge::Automerge;
use automerge::transaction::Transactable;
use base::{DocId, Heads, Level, Limits, Op, Shape};
use bytes::Bytes;
use rpc::{
    At, Compare, Comparison, EditKey, Export, Exported, History, Import, LimitKind, Refusal, Seen, Shards,
    Version, Versions,
};
use std::time::{Duration, Instant};

impl Hub {
    async fn versions_before(&self, user: &str, id: DocId, before: Option<u64>, limit: usize) -> Versions {
        self.service().history(caller(user), History { id, before, limit }).await.unwrap()
    }

    async fn history(&self, user: &str, id: DocId) -> Vec<Version> {
        let mut page = self.versions_before(user, id, None, 100).await;
        let mut versions = std::mem::take(&mut page.versions);
        while page.next.is_some() {
            page = self.versions_before(user, id, page.next, 100).await;
            versions.append(&mut page.versions);
        }
        versions
    }

    pub(super) async fn compare(
        &self,
        user: &str,
        id: DocId,
        from: At,
        to: At,
    ) -> Result<Comparison, Refusal> {
        self.service().compare(caller(user), Compare { id, from, to }).await
    }

    pub(super) async fn export(&self, user: &str, id: DocId, at: At) -> Result<Exported, Refusal> {
        self.service().export(caller(user), Export { id, at }).await
    }

    pub(super) async fn import(
        &self,
        user: &str,
        file: impl Into<Bytes>,
        key: &str,
    ) -> Result<Seen, Refusal> {
        let key = EditKey { key: key.to_owned(), request_hash: [1; 32] };
        self.service().import(caller(user), Import { name: "imported".into(), file: file.into(), key }).await
    }
}

fn authors(version: &Version) -> Vec<&str> {
    version.authors.iter().map(|author| author.as_str()).collect()
}

fn heads(doc: &Automerge) -> Heads {
    let mut heads: Heads = doc.get_heads().iter().map(|head| base::Hash(head.0)).collect();
    heads.sort_unstable();
    heads
}

/// A text of Ada's in which Bob has edited over REST, and Eve as a peer.
async fn of_three(hub: &Hub) -> DocId {
    let id = hub.create_text("ada", "one").await;
    for user in ["bob", "eve"] {
        hub.share("ada", id, user, Some(Level::Write)).await;
    }
    hub.splice("bob", id, 3, " two").await.unwrap();
    let mut eve = hub.peer("eve", id).await;
    converge(hub, "ada", id, &mut [&mut eve]).await;
    eve.type_at_end(" three");
    eve.type_at_end(" four");
    converge(hub, "ada", id, &mut [&mut eve]).await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_tells_who_wrote_what_and_how_much() {
    let hub = Hub::start().await;
    let id = of_three(&hub).await;
    let versions = hub.history("bob", id).await;
    let newest = hub.read("ada", id).await.unwrap().view.clone();
    assert_eq!(versions[0].heads, newest.heads);
    let numbers: Vec<_> = versions.iter().map(|version| version.version).collect();
    assert_eq!(numbers, (1..=newest.version).rev().collect::<Vec<_>>());
    let [.., second, first] = &versions[..] else { panic!("{versions:?}") };
    assert_eq!((authors(first), authors(second)), (vec!["ada"], vec!["bob"]));
    let by_eve = &versions[..versions.len() - 2];
    assert!(by_eve.iter().all(|version| authors(version) == ["eve"]), "{by_eve:?}");
    let changes: u64 = by_eve.iter().map(|version| version.size.unwrap().changes).sum();
    assert_eq!((first.size.unwrap().changes, second.size.unwrap().changes, changes), (1, 1, 2));
    assert!(versions.iter().all(|version| version.size.unwrap().bytes > 40));
    assert!(versions.is_sorted_by(|later, earlier| later.at >= earlier.at));

    let page = hub.versions_before("bob", id, None, 1).await;
    assert_eq!((&page.versions[..], page.next), (&versions[..1], Some(newest.version)));
    let rest = hub.versions_before("bob", id, page.next, 1_000).await;
    assert_eq!((&rest.versions[..], rest.next), (&versions[1..], None));
    assert_eq!(hub.versions_before("bob", id, Some(1), 9).await.versions, []);
    assert_eq!(hub.versions_before("bob", id, Some(u64::MAX), 9).await.versions, versions);
    let stranger = hub.service().history(caller("kim"), History { id, before: None, limit: 1 }).await;
    assert_eq!(stranger.unwrap_err(), Refusal::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compaction_changes_nothing_of_the_past() {
    let mut hub = Hub::start().await;
    let id = of_three(&hub).await;
    let mut eve = hub.peer("eve", id).await;
    converge(&hub, "ada", id, &mut [&mut eve]).await;
    for _ in 0..300 {
        eve.type_at(0, "x");
    }
    converge(&hub, "ada", id, &mut [&mut eve]).await;
    let before = hub.history("ada", id).await;
    // It is opened for this, and found to be due.
    hub.splice("ada", id, 0, "y").await.unwrap();
    let (engine, shard, live) = hub.behind(id);
    let emptied = || {
        let view = shard.machine.store().view();
        let head = crate::documents::head(&view, &live.doc).unwrap().unwrap();
        let key = engine.keyring.document_key(&view, &live.doc, &head).unwrap();
        let second = crate::documents::version(&view, &live.doc, &head, 2).unwrap().unwrap();
        compacted(&view, &live.doc, &key).unwrap().is_some() && second.parts[0].changes.is_empty()
    };
    let started = Instant::now();
    while !emptied() {
        assert!(started.elapsed() < PATIENCE, "it never was compacted");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(hub.history("ada", id).await[1..], before);
    drop((engine, shard, live, eve));
    hub.restart().await;
    assert_eq!(hub.history("ada", id).await[1..], before);
    let file = hub.export("ada", id, At::Version(2)).await.unwrap().file;
    assert_eq!(heads(&Automerge::load(&file).unwrap()), before[before.len() - 2].heads);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_leads_from_one_state_to_the_other() {
    let hub = Hub::start().await;
    let id = of_three(&hub).await;
    let newest = hub.read("ada", id).await.unwrap().view.clone();
    for (from, to) in [(1, newest.version), (newest.version, 1), (2, 1), (2, 2)] {
        let compared = hub.compare("eve", id, At::Version(from), At::Version(to)).await.unwrap();
        assert_eq!((compared.from.version, compared.to.version), (from, to));
        let mut copy = serde_json::from_slice(&compared.from.content).unwrap();
        base::plain::apply(&mut copy, &compared.ops).unwrap();
        assert_eq!(copy, serde_json::from_slice::<serde_json::Value>(&compared.to.content).unwrap());
    }
    let last = hub.compare("ada", id, At::Version(1), At::Now).await.unwrap();
    assert_eq!((&last.to.heads, &last.to.content), (&newest.heads, &newest.content));
    let insert = " two three four".to_owned();
    assert_eq!(last.ops, [Op::Splice { path: vec![], position: 3, delete: 0, insert }]);
    let stranger = hub.compare("kim", id, At::Version(1), At::Now).await;
    assert_eq!(stranger.unwrap_err(), Refusal::NotFound);
    let unknown = hub.compare("ada", id, At::Version(9), At::Now).await;
    assert_eq!(unknown.unwrap_err(), Refusal::UnknownVersion { asked: 9, newest: newest.version });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_holds_everything_up_to_its_state() {
    let hub = Hub::start().await;
    let id = of_three(&hub).await;
    let newest = hub.read("ada", id).await.unwrap().view.clone();
    let whole = hub.export("bob", id, At::Now).await.unwrap();
    let doc = Automerge::load(&whole.file).unwrap();
    assert_eq!((whole.version, &whole.heads, &heads(&doc)), (newest.version, &newest.heads, &newest.heads));
    assert_eq!(doc.get_changes(&[]).len(), 4);
    for version in hub.history("ada", id).await {
        for at in [At::Version(version.version), At::Heads(version.heads.clone())] {
            let past = hub.export("eve", id, at).await.unwrap();
            assert_eq!((past.version, &past.heads), (version.version, &version.heads));
            assert_eq!(heads(&Automerge::load(&past.file).unwrap()), version.heads);
        }
    }
    assert_eq!(hub.export("kim", id, At::Now).await, Err(Refusal::NotFound));
    assert!(matches!(hub.export("ada", id, At::Version(9)).await, Err(Refusal::UnknownVersion { .. })));
    let strange = At::Heads(vec![base::Hash([7; 32])]);
    assert!(matches!(hub.export("ada", id, strange).await, Err(Refusal::UnknownHeads { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_too_large_is_not_handed_out() {
    let hub = Hub::with_limits(Limits { export_bytes: 64, ..Limits::default() }).await;
    let id = hub.create_text("ada", "some text").await;
    let refused = hub.export("ada", id, At::Now).await.unwrap_err();
    assert!(
        matches!(refused, Refusal::TooLarge { what: LimitKind::Export, limit: 64, actual: Some(_) }),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_makes_a_document_that_goes_on() {
    let mut hub = Hub::start().await;
    let id = of_three(&hub).await;
    let file = hub.export("ada", id, At::Now).await.unwrap().file;
    let made = hub.import("bob", file.clone(), "k").await.unwrap();
    let original = hub.read("ada", id).await.unwrap();
    let (old, new) = (&original.view, &made.view);
    assert_eq!((&*new.name, new.shape, new.version, made.level), ("imported", Shape::Text, 1, Level::Owner));
    assert_eq!((&new.heads, &new.content), (&old.heads, &old.content));
    assert_ne!(new.id, old.id);
    // A repetition is the same creation.
    assert_eq!(hub.import("bob", file.clone(), "k").await.unwrap().view.id, new.id);
    assert_ne!(hub.import("bob", file, "other").await.unwrap().view.id, new.id);

    let versions = hub.history("bob", new.id).await;
    assert_eq!(
        (versions.len(), authors(&versions[0]), versions[0].size.unwrap().changes),
        (1, vec!["bob"], 4)
    );
    hub.restart().await;
    let mut peer = hub.peer("bob", new.id).await;
    converge(&hub, "bob", new.id, &mut [&mut peer]).await;
    peer.type_at(0, "> ");
    converge(&hub, "bob", new.id, &mut [&mut peer]).await;
    hub.splice("bob", new.id, 0, ">").await.unwrap();
    assert_eq!(hub.text("bob", new.id).await, ">> one two three four");
    assert_eq!(hub.text("ada", id).await, "one two three four");
    assert_eq!(hub.read("ada", new.id).await.unwrap_err(), Refusal::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_file_is_taken_whole() {
    let hub = Hub::start().await;
    let mut doc = Automerge::new();
    let text: String = (0..40_000).map(|_| format!("{:08x} ", rand::random::<u32>())).collect();
    let made = doc.transact::<_, _, automerge::AutomergeError>(|tx| {
        let content = tx.put_object(automerge::ROOT, "content", automerge::ObjType::Text)?;
        tx.splice_text(&content, 0, 0, &text)
    });
    made.unwrap();
    let seen = hub.import("ada", doc.save(), "long").await.unwrap();
    assert_eq!((seen.view.heads.clone(), hub.text("ada", seen.view.id).await), (heads(&doc), text));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_document_is_refused_and_leaves_nothing() {
    let hub = Hub::start().await;
    let id = of_three(&hub).await;
    let file = hub.export("ada", id, At::Now).await.unwrap().file;
    let changes: Vec<_> = Automerge::load(&file)
        .unwrap()
        .get_changes(&[])
        .iter()
        .skip(1)
        .map(|change| change.raw_bytes().to_vec())
        .collect();
    let cut = file.slice(..file.len() - 1);
    for (number, bad) in
        [Bytes::new(), Bytes::from_static(b"%PDF"), cut, changes.concat().into()].into_iter().enumerate()
    {
        let refused = hub.import("eve", bad, &number.to_string()).await.unwrap_err();
        assert!(matches!(refused, Refusal::BadEdit { operation: None, .. }), "{refused:?}");
    }
    let small = Hub::with_limits(Limits { document_bytes: 10, ..Limits::default() }).await;
    let refused = small.import("eve", file, "k").await.unwrap_err();
    assert!(matches!(refused, Refusal::TooLarge { what: LimitKind::Document, limit: 10, .. }), "{refused:?}");
    let shards = small.service().shards();
    for shard in shards {
        let list = rpc::List { shard, after: None, limit: 9 };
        assert!(small.service().list(caller("eve"), list).await.unwrap().documents.is_empty());
    }
}
