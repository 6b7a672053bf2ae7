//! The change feed as a gateway sees it, on a real node.

use super::token::Places;
use crate::live::tests::world::{Hub, caller};
use crate::store::FeedPlace;
use base::{DocId, Level, UserId};
use rpc::{Caller, Changes, ChangesPage, Event, EventKind, List, Refusal, Shards};
use std::collections::BTreeMap;
use std::time::Duration;

const ALL: usize = 1_000;

impl Hub {
    async fn ask(&self, caller: Caller, changes: Changes) -> Result<ChangesPage, Refusal> {
        self.service().changes(caller, changes).await
    }

    /// What is at hand behind a token.
    async fn page(&self, user: &str, since: &str, limit: usize) -> ChangesPage {
        self.ask(caller(user), changes(Some(since), limit)).await.unwrap()
    }

    async fn now(&self, user: &str) -> String {
        let page = self.ask(caller(user), changes(None, ALL)).await.unwrap();
        assert!(page.events.is_empty() && !page.more);
        page.token
    }

    async fn of(&self, user: &str, document: DocId, since: Option<&str>) -> Result<ChangesPage, Refusal> {
        self.ask(caller(user), Changes { document: Some(document), ..changes(since, ALL) }).await
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

fn changes(since: Option<&str>, limit: usize) -> Changes {
    Changes { since: since.map(str::to_owned), document: None, limit, wait: Duration::ZERO }
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
    let ada = hub.page("ada", &begin, ALL).await.events;
    // What happened to a document that is gone is not told any more, but for its end.
    assert_eq!(heard(&ada, first), [(EventKind::Deleted, 2)]);
    let of_second =
        [(EventKind::Created, 1), (shared("ada", Some(Level::Write)), 1), (EventKind::Changed, 2)];
    assert_eq!(heard(&ada, second), of_second);
    assert_eq!(heard(&ada, third), [(EventKind::Revoked, 2)]);
    assert_eq!(ada.len(), 5);
    assert!(ada.iter().all(|event| event.heads.len() == 1 && event.authors.len() == 1));
    let bob = hub.page("bob", &begin, ALL).await.events;
    assert_eq!(heard(&bob, second), of_second);
    assert_eq!(bob.len(), 3);
    let stranger = Caller { tenant: base::TenantId::new("other").unwrap(), ..caller("ada") };
    assert!(hub.ask(stranger, changes(Some(&begin), ALL)).await.unwrap().events.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_resumes_behind_any_event_also_after_a_restart() {
    let mut hub = Hub::start().await;
    let begin = hub.now("ada").await;
    hub.story().await;
    let all = hub.page("ada", &begin, ALL).await;
    for round in 0..2 {
        for (at, event) in all.events.iter().enumerate() {
            let rest = hub.page("ada", &event.token, ALL).await;
            assert_eq!(kinds(&rest.events), kinds(&all.events[at + 1..]), "round {round}");
        }
        for size in 1..4 {
            let (mut token, mut got, mut more) = (begin.clone(), vec![], true);
            while more {
                let page = hub.page("ada", &token, size).await;
                assert!(page.events.len() <= size);
                got.extend(page.events);
                (token, more) = (page.token, page.more);
            }
            assert_eq!(kinds(&got), kinds(&all.events), "round {round}, pages of {size}");
        }
        assert!(hub.page("ada", &all.token, ALL).await.events.is_empty());
        hub.restart().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_feed_says_is_what_the_list_has() {
    let hub = Hub::start().await;
    let begin = hub.now("ada").await;
    hub.story().await;
    let mut replayed = BTreeMap::new();
    for event in hub.page("ada", &begin, ALL).await.events {
        match event.kind {
            EventKind::Deleted | EventKind::Revoked => drop(replayed.remove(&event.document)),
            _ => drop(replayed.insert(event.document, (event.version, event.heads))),
        }
    }
    let list = hub.service().list(caller("ada"), List { after: None, limit: ALL }).await.unwrap();
    let listed: BTreeMap<_, _> =
        list.documents.into_iter().map(|summary| (summary.id, (summary.version, summary.heads))).collect();
    assert_eq!(replayed, listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_document_is_followed_to_its_end() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "one").await;
    let other = hub.create_text("ada", "other").await;
    let begin = hub.of("ada", id, None).await.unwrap().token;
    for user in ["bob", "eve"] {
        assert_eq!(hub.of(user, id, None).await.unwrap_err(), Refusal::NotFound);
        assert_eq!(hub.of(user, id, Some(&begin)).await.unwrap_err(), Refusal::NotFound);
    }
    hub.share("ada", id, "bob", Some(Level::Read)).await;
    hub.splice("ada", other, 0, "unheard").await.unwrap();
    hub.splice("ada", id, 0, "heard").await.unwrap();
    let bob = hub.of("bob", id, Some(&begin)).await.unwrap();
    assert_eq!(kinds(&bob.events), [(id, shared("bob", Some(Level::Read)), 1), (id, EventKind::Changed, 2)]);
    hub.share("ada", id, "bob", None).await;
    hub.splice("ada", id, 0, "not for bob").await.unwrap();
    let last = hub.of("bob", id, Some(&bob.token)).await.unwrap();
    assert_eq!(kinds(&last.events), [(id, EventKind::Revoked, 2)]);
    assert_eq!(hub.of("bob", id, Some(&last.token)).await.unwrap_err(), Refusal::NotFound);
    hub.delete("ada", id).await;
    let end = hub.of("ada", id, Some(&bob.token)).await.unwrap();
    assert_eq!(kinds(&end.events), [(id, EventKind::Deleted, 3)]);
    assert_eq!(hub.of("ada", id, Some(&end.token)).await.unwrap_err(), Refusal::NotFound);
    // A token of all documents serves for one, and not the other way round.
    let all = hub.now("ada").await;
    assert!(hub.of("ada", other, Some(&all)).await.unwrap().events.is_empty());
    assert_eq!(hub.ask(caller("ada"), changes(Some(&begin), ALL)).await.unwrap_err(), Refusal::BadFeedToken);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_waits_is_woken_by_what_concerns_it() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "one").await;
    let begin = hub.now("ada").await;
    for document in [None, Some(id)] {
        let waiting = Changes { document, wait: Duration::from_secs(60), ..changes(Some(&begin), ALL) };
        let (page, _) = tokio::join!(hub.ask(caller("ada"), waiting), async {
            hub.create_text("bob", "of no concern").await;
            hub.splice("ada", id, 0, "x").await.unwrap();
        });
        let page = page.unwrap();
        assert_eq!(page.events.last().map(|event| event.document), Some(id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_quiet_reader_moves_on() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "one").await;
    let begin = hub.of("ada", id, None).await.unwrap().token;
    let waiting =
        Changes { document: Some(id), wait: Duration::from_millis(300), ..changes(Some(&begin), ALL) };
    let (page, _) = tokio::join!(hub.ask(caller("ada"), waiting), hub.create_text("ada", "two"));
    let page = page.unwrap();
    assert!(page.events.is_empty());
    let index = |token: &str| Places::from_text(token).unwrap().0.values().next().unwrap().index;
    assert!(index(&page.token) > index(&begin));
    hub.splice("ada", id, 0, "x").await.unwrap();
    assert_eq!(hub.of("ada", id, Some(&page.token)).await.unwrap().events.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_of_no_use_is_told_apart() {
    let hub = Hub::start().await;
    hub.create_text("ada", "one").await;
    for bad in ["", "x", "AYE", "no token at all!"] {
        let refused = hub.ask(caller("ada"), changes(Some(bad), ALL)).await.unwrap_err();
        assert_eq!(refused, Refusal::BadFeedToken, "{bad}");
    }
    // Of a hub that was further: what this one will do at these places is not what that reader has seen.
    let mut ahead = Places::from_text(&hub.now("ada").await).unwrap();
    ahead.0.values_mut().for_each(|place| *place = FeedPlace::behind(place.index + 1_000));
    let refused = hub.ask(caller("ada"), changes(Some(&ahead.to_text()), ALL)).await.unwrap_err();
    let Refusal::FeedGone { token } = refused else { panic!("{refused}") };
    hub.create_text("ada", "two").await;
    assert_eq!(hub.page("ada", &token, ALL).await.events.len(), 1);
}
