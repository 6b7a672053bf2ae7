//! The change feed as a gateway sees it, on a real node of two shards.

use crate::live::tests::world::{Hub, caller};
use base::{DocId, FeedPlace, Level, ShardId, UserId};
use rpc::{Caller, Changes, ChangesPage, Event, EventKind, List, Refusal, Shards};
use std::collections::BTreeMap;
use std::time::Duration;

const ALL: usize = 1_000;

/// How far a reader has come in each shard.
type Places = BTreeMap<ShardId, FeedPlace>;

impl Hub {
    async fn ask(&self, caller: Caller, changes: Changes) -> Result<ChangesPage, Refusal> {
        self.service().changes(caller, changes).await
    }

    /// What is at hand in a shard behind a place.
    async fn page(&self, user: &str, shard: ShardId, since: FeedPlace, limit: usize) -> ChangesPage {
        self.ask(caller(user), changes(shard, Some(since), limit)).await.unwrap()
    }

    fn shard_of(&self, document: DocId) -> ShardId {
        self.service().shard_of(document).unwrap()
    }

    async fn now(&self, user: &str) -> Places {
        let mut places = Places::new();
        for shard in self.service().shards() {
            let page = self.ask(caller(user), changes(shard, None, ALL)).await.unwrap();
            assert!(page.events.is_empty() && !page.more);
            places.insert(shard, page.place);
        }
        places
    }

    /// What is at hand in all shards, one after the other.
    async fn told_since(&self, caller: &Caller, places: &Places) -> Vec<Event> {
        let mut events = vec![];
        for (&shard, &since) in places {
            events.extend(self.ask(caller.clone(), changes(shard, Some(since), ALL)).await.unwrap().events);
        }
        events
    }

    async fn of(
        &self,
        user: &str,
        document: DocId,
        since: Option<FeedPlace>,
    ) -> Result<ChangesPage, Refusal> {
        let shard = self.shard_of(document);
        self.ask(caller(user), Changes { document: Some(document), ..changes(shard, since, ALL) }).await
    }

    /// A story with every kind of event, and documents in both shards.
    async fn story(&self) -> [DocId; 3] {
        let first = self.create_text("ada", "one").await;
        let second = self.create_text("bob", "two").await;
        self.splice("ada", first, 0, "x").await.unwrap();
        self.share("bob", second, "ada", Some(Level::Write)).await;
        self.splice("ada", second, 0, "y").await.unwrap();
        let third = self.create_text("carol", "three").await;
        self.share("carol", third, "ada", Some(Level::Read)).await;
        self.splice("carol", third, 0, "z").await.unwrap();
        self.share("carol", third, "ada", None).await;
        self.delete("ada", first).await;
        [first, second, third]
    }
}

fn changes(shard: ShardId, since: Option<FeedPlace>, limit: usize) -> Changes {
    Changes { shard, since, document: None, limit, wait: Duration::ZERO }
}

fn kinds(events: &[Event]) -> Vec<(DocId, EventKind, u64)> {
    events.iter().map(|event| (event.document, event.kind.clone(), event.version)).collect()
}

fn shared(with: &str, level: Option<Level>) -> EventKind {
    EventKind::Shared { principal: UserId::new(with).unwrap(), level }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_hears_of_what_it_may_read_and_of_what_it_loses() {
    let hub = Hub::start().await;
    let begin = hub.now("ada").await;
    let [first, second, third] = hub.story().await;
    let heard = |events: &[Event], id| -> Vec<_> {
        kinds(events)
            .into_iter()
            .filter(|event| event.0 == id)
            .map(|(_, kind, version)| (kind, version))
            .collect()
    };
    let ada = hub.told_since(&caller("ada"), &begin).await;
    // What happened to a document that is gone is not told any more, but for its end.
    assert_eq!(heard(&ada, first), [(EventKind::Deleted, 2)]);
    let of_second =
        [(EventKind::Created, 1), (shared("ada", Some(Level::Write)), 1), (EventKind::Changed, 2)];
    assert_eq!(heard(&ada, second), of_second);
    assert_eq!(heard(&ada, third), [(EventKind::Revoked, 2)]);
    assert_eq!(ada.len(), 5);
    assert!(ada.iter().all(|event| event.heads.len() == 1 && event.authors.len() == 1));
    let bob = hub.told_since(&caller("bob"), &begin).await;
    assert_eq!(heard(&bob, second), of_second);
    assert_eq!(bob.len(), 3);
    let stranger = Caller { tenant: base::TenantId::new("other").unwrap(), ..caller("ada") };
    assert!(hub.told_since(&stranger, &begin).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_resumes_behind_any_event_also_after_a_restart() {
    let mut hub = Hub::start().await;
    let begin = hub.now("ada").await;
    hub.story().await;
    let mut told = 0;
    for round in 0..2 {
        for (&shard, &begin) in &begin {
            let all = hub.page("ada", shard, begin, ALL).await;
            assert!(!all.more && all.events.is_sorted_by_key(|event| event.place));
            told += all.events.len();
            for (at, event) in all.events.iter().enumerate() {
                let rest = hub.page("ada", shard, event.place, ALL).await;
                assert_eq!(rest.events, all.events[at + 1..], "round {round}");
            }
            for size in 1..4 {
                let (mut place, mut got, mut more) = (begin, vec![], true);
                while more {
                    let page = hub.page("ada", shard, place, size).await;
                    assert!(page.events.len() <= size);
                    got.extend(page.events);
                    (place, more) = (page.place, page.more);
                }
                assert_eq!(got, all.events, "round {round}, pages of {size}");
            }
            assert!(hub.page("ada", shard, all.place, ALL).await.events.is_empty());
        }
        hub.restart().await;
    }
    assert_eq!(told, 2 * 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_feed_says_is_what_the_list_has() {
    let hub = Hub::start().await;
    let begin = hub.now("ada").await;
    hub.story().await;
    let mut replayed = BTreeMap::new();
    for event in hub.told_since(&caller("ada"), &begin).await {
        match event.kind {
            EventKind::Deleted | EventKind::Revoked => drop(replayed.remove(&event.document)),
            _ => drop(replayed.insert(event.document, (event.version, event.heads))),
        }
    }
    let mut listed = BTreeMap::new();
    for shard in hub.service().shards() {
        let list = List { shard, after: None, limit: ALL };
        let list = hub.service().list(caller("ada"), list).await.unwrap().documents;
        assert!(list.iter().all(|summary| hub.shard_of(summary.id) == shard));
        listed.extend(list.into_iter().map(|summary| (summary.id, (summary.version, summary.heads))));
    }
    assert_eq!(replayed, listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_document_is_followed_to_its_end() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "one").await;
    let other = hub.create_text("ada", "other").await;
    let begin = hub.of("ada", id, None).await.unwrap().place;
    for user in ["bob", "eve"] {
        assert_eq!(hub.of(user, id, None).await.unwrap_err(), Refusal::NotFound);
        assert_eq!(hub.of(user, id, Some(begin)).await.unwrap_err(), Refusal::NotFound);
    }
    hub.share("ada", id, "bob", Some(Level::Read)).await;
    hub.splice("ada", other, 0, "unheard").await.unwrap();
    hub.splice("ada", id, 0, "heard").await.unwrap();
    let bob = hub.of("bob", id, Some(begin)).await.unwrap();
    assert_eq!(kinds(&bob.events), [(id, shared("bob", Some(Level::Read)), 1), (id, EventKind::Changed, 2)]);
    hub.share("ada", id, "bob", None).await;
    hub.splice("ada", id, 0, "not for bob").await.unwrap();
    let last = hub.of("bob", id, Some(bob.place)).await.unwrap();
    assert_eq!(kinds(&last.events), [(id, EventKind::Revoked, 2)]);
    assert_eq!(hub.of("bob", id, Some(last.place)).await.unwrap_err(), Refusal::NotFound);
    hub.delete("ada", id).await;
    let end = hub.of("ada", id, Some(bob.place)).await.unwrap();
    assert_eq!(kinds(&end.events), [(id, EventKind::Deleted, 3)]);
    assert_eq!(hub.of("ada", id, Some(end.place)).await.unwrap_err(), Refusal::NotFound);
    // A place is one of all documents.
    let all = hub.now("ada").await[&hub.shard_of(other)];
    assert!(hub.of("ada", other, Some(all)).await.unwrap().events.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_waits_is_woken_by_what_concerns_it() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "one").await;
    let shard = hub.shard_of(id);
    let begin = hub.now("ada").await[&shard];
    for document in [None, Some(id)] {
        let waiting = Changes { document, wait: Duration::from_secs(60), ..changes(shard, Some(begin), ALL) };
        let (page, _) = tokio::join!(hub.ask(caller("ada"), waiting), async {
            hub.create_text("bob", "of no concern").await;
            hub.splice("ada", id, 0, "x").await.unwrap();
        });
        let page = page.unwrap();
        assert_eq!(page.events.last().map(|event| event.document), Some(id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_of_a_quiet_reader_moves_on() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "one").await;
    let begin = hub.of("ada", id, None).await.unwrap().place;
    let shard = hub.shard_of(id);
    let wait = Duration::from_millis(300);
    let waiting = Changes { document: Some(id), wait, ..changes(shard, Some(begin), ALL) };
    let (page, _) = tokio::join!(hub.ask(caller("ada"), waiting), hub.create_text("ada", "two"));
    let page = page.unwrap();
    assert!(page.events.is_empty());
    assert!(page.place.index > begin.index);
    hub.splice("ada", id, 0, "x").await.unwrap();
    assert_eq!(hub.of("ada", id, Some(page.place)).await.unwrap().events.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_further_is_told_where_to_begin_anew() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "one").await;
    let shard = hub.shard_of(id);
    // Of a hub that was further: what this one will do at these places is not what that reader has seen.
    let ahead = FeedPlace::behind(hub.now("ada").await[&shard].index + 1_000);
    let refused = hub.ask(caller("ada"), changes(shard, Some(ahead), ALL)).await.unwrap_err();
    let Refusal::FeedGone { place } = refused else { panic!("{refused}") };
    hub.create_text("ada", "two").await;
    assert_eq!(hub.page("ada", shard, place, ALL).await.events.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_is_not_here_is_elsewhere() {
    let hub = Hub::start().await;
    let shard = ShardId(77);
    let elsewhere = Refusal::Elsewhere { shard, leader: None };
    for since in [None, Some(FeedPlace::START)] {
        assert_eq!(hub.ask(caller("ada"), changes(shard, since, ALL)).await.unwrap_err(), elsewhere);
    }
    let list = List { shard, after: None, limit: ALL };
    assert_eq!(hub.service().list(caller("ada"), list).await.unwrap_err(), elsewhere);
}
