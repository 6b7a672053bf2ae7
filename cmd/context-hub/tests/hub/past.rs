//! The past of a document: what it was, who made it what it is, back to it, and out of the hub and in again.

use crate::support::{Reply, TestHub, User};
use automerge::transaction::Transactable;
use automerge::{AutoCommit, ObjType, ROOT, ReadDoc};
use futures::future::join_all;
use serde_json::{Value, json};

/// The media type of what Automerge saves.
const AUTOMERGE: &str = "application/vnd.automerge";

async fn history(user: &User, path: &str) -> Vec<Value> {
    let page = user.read(&format!("{path}/history?limit=200")).await;
    assert_eq!(page["next_cursor"], Value::Null);
    page["versions"].as_array().unwrap().clone()
}

async fn restore(user: &User, path: &str, version: u64) -> Reply {
    user.ask("POST", &format!("{path}/restore")).json(&json!({ "version": version })).send().await
}

async fn import(user: &User, name: &str, file: Vec<u8>) -> Reply {
    let ask = user.ask("POST", &format!("/documents?name={name}")).header("content-type", AUTOMERGE);
    ask.body(file).send().await
}

/// The heads of a document that Automerge has open, as the hub shows them.
fn heads(doc: &mut AutoCommit) -> Value {
    let mut heads: Vec<_> = doc.get_heads().iter().map(ToString::to_string).collect();
    heads.sort_unstable();
    json!(heads)
}

#[tokio::test]
async fn a_history_names_everyone_who_wrote() {
    let hub = TestHub::start().await;
    let [ada, bob, eve] = ["ada", "bob", "eve"].map(|name| hub.user(name));
    let path = ada.text("one").await;
    ada.grant(&path, "bob", "write").await;
    ada.grant(&path, "eve", "read").await;
    bob.replace(&path, 1, json!("one two")).await;
    ada.edit(&path, 2, json!([{"op": "splice", "position": 0, "insert": "> "}])).await;

    let told = history(&eve, &path).await;
    let authors: Vec<_> = told.iter().map(|version| version["author"].as_str().unwrap()).collect();
    assert_eq!(authors, ["ada", "bob", "ada"]);
    for version in &told {
        let then = eve.read(&format!("{path}?version={}", version["version"])).await;
        assert_eq!((&version["heads"], &version["at"]), (&then["heads"], &then["updated_at"]));
        assert_eq!(version["changes"], 1);
        assert!(version["bytes"].as_u64().unwrap() > 40, "{version}");
    }
    let page = eve.get(&format!("{path}/history?limit=1")).send().await;
    let next = page.header("link").split(['<', '>']).nth(1).unwrap().to_owned();
    assert_eq!(eve.read(&next).await["versions"][0], told[1]);
    hub.user("kim").get(&format!("{path}/history")).send().await.problem(404, "not-found");

    let hub = hub.restart().await;
    assert_eq!(history(&eve, &path).await, told);
    drop(hub);
}

#[tokio::test]
async fn writers_at_once_stand_in_the_history_each_with_their_name() {
    const WRITERS: usize = 8;
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("").await;
    let users: Vec<_> = (0..WRITERS).map(|number| format!("writer-{number}")).collect();
    for user in &users {
        ada.grant(&path, user, "write").await;
    }
    let edits = users.iter().map(|name| {
        let (user, path) = (hub.user(name), path.clone());
        async move { user.edit(&path, 1, json!([{"op": "splice", "position": 0, "insert": name}])).await }
    });
    join_all(edits).await;
    let told = history(&ada, &path).await;
    let mut authors: Vec<_> =
        told.iter().flat_map(|version| version["authors"].as_array().unwrap()).collect();
    authors.retain(|author| **author != "ada");
    authors.sort_by_key(|author| author.as_str());
    assert_eq!(authors, users.iter().map(|user| json!(user)).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    let changes: u64 = told.iter().map(|version| version["changes"].as_u64().unwrap()).sum();
    assert_eq!(changes, 1 + WRITERS as u64);
    for version in &told {
        let authors = version["authors"].as_array().unwrap();
        let alone = if authors.len() == 1 { &authors[0] } else { &Value::Null };
        assert_eq!(&version["author"], alone);
    }
}

#[tokio::test]
async fn operations_of_a_difference_do_as_a_patch_what_it_says() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let texts = ["one\ntwo\nthree\n", "one\n2 😀\nthree\nfour\n"].map(|text| json!(text));
    let objects = [
        json!({"n": {"$counter": 1}, "list": [1, {"t": "a text"}, 3], "gone": true}),
        json!({"n": {"$counter": 5}, "list": [{"t": "a longer text"}, 3, 4], "new": {"deep": [null]}}),
    ];
    for [old, new] in [texts, objects] {
        let make = async || match &old {
            Value::String(text) => ada.text(text).await,
            object => ada.object(object.clone()).await,
        };
        let path = make().await;
        ada.replace(&path, 1, new.clone()).await;
        let diff = ada.read(&format!("{path}/diff?from=1&to=2")).await;
        assert_eq!((&diff["from"]["version"], &diff["to"]["version"]), (&json!(1), &json!(2)));
        let copy = make().await;
        assert_eq!(ada.edit(&copy, 1, diff["ops"].clone()).await["content"], new);
        let back = ada.read(&format!("{path}/diff?from=2&to=1")).await;
        assert_eq!(ada.edit(&copy, 2, back["ops"].clone()).await["content"], old);
    }
}

#[tokio::test]
async fn a_difference_is_shown_as_people_read_it() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one\ntwo\nthree\n").await;
    ada.replace(&path, 1, json!("one\n2\nthree\n")).await;
    let diff = ada.read(&format!("{path}/diff?from=1")).await;
    assert_eq!(diff["unified"], "--- version 1\n+++ version 2\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
    ada.get(&format!("{path}/diff?from=1&to=3")).send().await.problem(422, "unknown-version");
}

#[tokio::test]
async fn a_restore_goes_forward_and_forgets_nothing() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let first = json!({"title": "plan", "tasks": ["a", "b"], "votes": {"$counter": 2}});
    let path = ada.object(first.clone()).await;
    ada.replace(&path, 1, json!({"tasks": []})).await;
    let restored = restore(&ada, &path, 1).await.json(200);
    assert_eq!((&restored["version"], &restored["content"]), (&json!(3), &first));
    assert_eq!(ada.content(&format!("{path}?version=2")).await, json!({"tasks": []}));
    // There is nothing to do the second time.
    assert_eq!(restore(&ada, &path, 1).await.json(200)["version"], 3);
    ada.grant(&path, "bob", "read").await;
    restore(&hub.user("bob"), &path, 2).await.problem(403, "forbidden");
    assert_eq!(history(&ada, &path).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_while_a_text_is_restored_is_kept() {
    const ROUNDS: u64 = 6;
    const WRITERS: u64 = 6;
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("The first line.\n").await;
    for round in 0..ROUNDS {
        let spoilt = ada.read(&path).await["version"].as_u64().unwrap();
        let spoilt =
            ada.edit(&path, spoilt, json!([{"op": "splice", "position": 0, "insert": "SPOILT "}])).await;
        let version = spoilt["version"].as_u64().unwrap();
        let back = restore(&ada, &path, version - 1);
        // Made against the spoilt state, at its end: some come before the restore, some after it.
        let end = spoilt["content"].as_str().unwrap().encode_utf16().count();
        let marks: Vec<_> = (0..WRITERS).map(|writer| format!("<{round}.{writer}>")).collect();
        let writes = marks.iter().map(|mark| {
            ada.patch(&path, version, &json!([{"op": "splice", "position": end, "insert": mark}])).send()
        });
        let (back, written) = tokio::join!(back, join_all(writes));
        back.json(200);
        let now = ada.content(&path).await;
        assert!(!now.as_str().unwrap().contains("SPOILT"), "{now}");
        for (mark, written) in marks.iter().zip(written) {
            let then = written.json(200);
            // What came before the restore was there when it was asked for, or is kept by it; it is in the history either way.
            assert!(then["content"].as_str().unwrap().contains(mark));
            let told = ada.content(&format!("{path}?version={}", then["version"])).await;
            assert!(told.as_str().unwrap().contains(mark));
        }
    }
    let told = history(&ada, &path).await;
    let changes: u64 = told.iter().map(|version| version["changes"].as_u64().unwrap()).sum();
    // Not one edit is missing: the creation, and in each round the slip, the restore and everyone's mark.
    assert_eq!(changes, 1 + ROUNDS * (2 + WRITERS));
}

#[tokio::test]
async fn an_edit_of_the_spoilt_state_that_comes_after_a_restore_merges() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one two").await;
    ada.replace(&path, 1, json!("one SPOILT two")).await;
    restore(&ada, &path, 1).await.json(200);
    let late = ada.edit(&path, 2, json!([{"op": "splice", "position": 14, "insert": " three"}])).await;
    assert_eq!(late["content"], "one two three");
}

#[tokio::test]
async fn a_document_goes_out_as_a_file_and_comes_in_again() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one").await;
    ada.replace(&path, 1, json!("one two")).await;
    let newest = ada.read(&path).await;
    let file = ada.get(&format!("{path}?format=automerge")).send().await;
    assert_eq!((file.status, file.header("content-type")), (200, AUTOMERGE));
    assert_eq!(file.header("hub-version"), "2");
    let mut doc = AutoCommit::load(&file.body).unwrap();
    assert_eq!(heads(&mut doc), newest["heads"]);
    let (_, content) = doc.get(ROOT, "content").unwrap().unwrap();
    assert_eq!(doc.text(&content).unwrap(), "one two");
    let past = ada.get(&format!("{path}?version=1")).header("accept", AUTOMERGE).send().await;
    let mut past = AutoCommit::load(&past.body).unwrap();
    assert_eq!(heads(&mut past), ada.read(&format!("{path}?version=1")).await["heads"]);

    // Somebody else goes on with it, away from the hub.
    doc.splice_text(&content, 7, 0, " three").unwrap();
    let bob = hub.user("bob");
    let made = import(&bob, "a%20copy", doc.save()).await;
    let copy = made.json(201);
    assert_eq!((&copy["name"], &copy["content"]), (&json!("a copy"), &json!("one two three")));
    assert_eq!((&copy["heads"], &copy["owner"]), (&heads(&mut doc), &json!("bob")));
    let place = made.header("location").to_owned();
    assert_eq!(history(&bob, &place).await[0]["changes"], 3);
    bob.edit(&place, 1, json!([{"op": "splice", "position": 0, "insert": "> "}])).await;

    let hub = hub.restart().await;
    assert_eq!(bob.content(&place).await, "> one two three");
    assert_eq!(ada.content(&path).await, "one two");
    ada.get(&place).send().await.problem(404, "not-found");
    drop(hub);
}

#[tokio::test]
async fn a_file_that_was_made_elsewhere_becomes_json() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let mut doc = AutoCommit::new();
    let tasks = doc.put_object(ROOT, "tasks", ObjType::List).unwrap();
    doc.insert(&tasks, 0, "a string").unwrap();
    doc.put(ROOT, "votes", automerge::ScalarValue::counter(3)).unwrap();
    let made = import(&ada, "", doc.save()).await.json(201);
    assert_eq!(made["doc_type"], "Json");
    assert_eq!(made["content"], json!({"tasks": ["a string"], "votes": {"$counter": 3}}));

    import(&ada, "", b"%PDF-1.7".to_vec()).await.problem(422, "bad-automerge-file");
    import(&ada, "", AutoCommit::new().save()).await.problem(422, "bad-automerge-file");
    let parts: Vec<_> = {
        doc.put(ROOT, "more", 1).unwrap();
        doc.get_changes(&[]).iter().skip(1).map(|change| change.raw_bytes().to_vec()).collect()
    };
    let partly = import(&ada, "", parts.concat()).await.problem(422, "bad-automerge-file");
    assert!(partly["detail"].as_str().unwrap().contains("save the whole document"), "{partly}");
}

#[tokio::test]
async fn content_is_read_as_lines() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("one\ntwo\n").await;
    ada.replace(&path, 1, json!("one\n2\n")).await;
    let shown = async |query: &str| ada.get(&format!("{path}{query}")).send().await.text().to_owned();
    assert_eq!(shown("?format=text").await, "one\n2\n");
    assert_eq!(shown("?format=numbered").await, "     1\tone\n     2\t2\n");
    assert_eq!(shown("?format=text&version=1").await, "one\ntwo\n");
    let plain = ada.get(&path).header("accept", "text/plain").send().await;
    assert_eq!((plain.text(), plain.header("hub-version")), ("one\n2\n", "2"));
    ada.get(&path).header("accept", "image/png").send().await.problem(406, "not-acceptable");

    let object = ada.object(json!({"a": [1]})).await;
    let laid_out = ada.get(&format!("{object}?format=text")).send().await;
    assert_eq!(laid_out.text(), "{\n  \"a\": [\n    1\n  ]\n}\n");
}
