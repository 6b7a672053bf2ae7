//! Lists: every document that a user may read, page by page, and no other.

use crate::support::{TestHub, User};
use futures::StreamExt;
use futures::stream::iter;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a user's list holds: path and level of each document, gathered over pages of this size.
async fn list(user: &User, limit: usize) -> BTreeMap<String, String> {
    let (mut found, mut next) = (BTreeMap::new(), format!("/documents?limit={limit}"));
    loop {
        let page = user.get(&next).send().await;
        let body = page.json(200);
        let documents = body["documents"].as_array().unwrap();
        assert!(documents.len() <= limit);
        for document in documents {
            assert!(document.get("content").is_none(), "a list has no contents");
            let path = format!("/documents/{}", document["id"].as_str().unwrap());
            let again = found.insert(path, document["access"].as_str().unwrap().to_owned());
            assert!(again.is_none(), "given twice: {document}");
        }
        let Value::String(cursor) = &body["next_cursor"] else {
            assert!(!page.headers.contains_key("link"));
            return found;
        };
        assert!(page.header("link").contains(cursor.as_str()), "{page:?}");
        next = format!("/documents?limit={limit}&cursor={cursor}");
    }
}

async fn texts(user: &User, count: usize) -> Vec<String> {
    iter(0..count)
        .map(|number| async move { user.text(&number.to_string()).await })
        .buffered(16)
        .collect()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_finds_what_is_theirs_and_what_is_shared() {
    let hub = TestHub::start().await;
    let (ada, bob, eve) = (hub.user("ada"), hub.user("bob"), hub.user("eve"));
    let (adas, bobs) = (texts(&ada, 60).await, texts(&bob, 25).await);
    let eves = texts(&eve, 3).await;
    let levels = ["read", "write", "admin"];
    for (path, level) in adas.iter().zip(levels.iter().cycle()).take(30) {
        ada.grant(path, "bob", level).await;
    }
    let mut expected: BTreeMap<String, String> =
        bobs.iter().map(|path| (path.clone(), "owner".to_owned())).collect();
    expected
        .extend(adas.iter().cloned().zip(levels.iter().cycle().map(|level| (*level).to_owned())).take(30));
    for limit in [1, 7, 55, 200] {
        assert_eq!(list(&bob, limit).await, expected, "{limit} a page");
    }
    assert_eq!(list(&ada, 50).await.len(), adas.len());
    assert_eq!(list(&eve, 2).await.into_keys().collect::<BTreeSet<_>>(), eves.into_iter().collect());

    ada.grant(&adas[0], "bob", "none").await;
    ada.grant(&adas[1], "bob", "read").await;
    ada.delete(&adas[2]).send().await;
    bob.delete(&bobs[0]).send().await;
    for gone in [&adas[0], &adas[2], &bobs[0]] {
        expected.remove(gone);
    }
    expected.insert(adas[1].clone(), "read".to_owned());
    assert_eq!(list(&bob, 7).await, expected);

    let hub = hub.restart().await;
    assert_eq!(list(&bob, 7).await, expected, "after a restart");
    assert!(list(&hub.user_of("other", "bob"), 7).await.is_empty(), "another tenant's bob is someone else");
}

#[tokio::test]
async fn a_list_that_changes_meanwhile_gives_all_that_stay() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let stays = texts(&ada, 20).await;
    let goes = texts(&ada, 5).await;
    let first = ada.get("/documents?limit=6").send().await.json(200);
    for path in &goes {
        ada.delete(path).send().await;
    }
    texts(&ada, 5).await;
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut page = first;
    loop {
        let documents = page["documents"].as_array().unwrap();
        found.extend(
            documents.iter().map(|document| format!("/documents/{}", document["id"].as_str().unwrap())),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        page = ada.get(&format!("/documents?limit=6&cursor={cursor}")).send().await.json(200);
    }
    assert!(stays.iter().all(|path| found.contains(path)));
}

#[tokio::test]
async fn a_cursor_that_no_list_made_is_refused() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    for cursor in ["x", "0", "", "1111", "%F0%9F%96%8B"] {
        ada.get(&format!("/documents?cursor={cursor}")).send().await.problem(400, "bad-cursor");
    }
    ada.get("/documents?limit=0").send().await.problem(400, "bad-query");
    ada.get("/documents?page=2").send().await.problem(400, "bad-query");
}
