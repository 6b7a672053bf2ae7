//! The life of a document: made, read, replaced, edited, listed, deleted.

use crate::support::Hub;
use base::DocId;
use serde_json::{Value, json};

#[tokio::test]
async fn a_document_is_made_with_all_that_names_it() {
    let hub = Hub::start().await;
    let body = json!({"name": "Plan", "doc_type": "Text", "content": "héllo"});
    let made = hub.ask("POST", "/documents").user("ada").json(&body).send().await;
    assert_eq!(made.status, 201);
    let document = made.json();
    let id: DocId = document["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(made.header("location"), format!("/documents/{id}"));
    assert_eq!(document["url"], id.automerge_url());
    assert_eq!(document["name"], "Plan");
    assert_eq!(document["doc_type"], "Text");
    assert_eq!(document["content"], "héllo");
    assert_eq!(document["version"], 1);
    assert_eq!(document["owner"], "ada");
    assert_eq!(document["access"], "owner");
    assert_eq!(document["created_at"], "2026-09-21T14:13:20.000Z");
    let head = document["heads"][0].as_str().unwrap().parse().unwrap();
    assert_eq!(made.header("etag"), format!("\"{}\"", base::heads_tag(&[head])));
    let mut members: Vec<_> = document.as_object().unwrap().keys().cloned().collect();
    members.sort_unstable();
    #[rustfmt::skip]
    let expected = ["access", "content", "created_at", "doc_type", "heads", "id", "labels", "name", "owner", "updated_at", "url", "version"];
    assert_eq!(members, expected);
    hub.stop().await;
}

#[tokio::test]
async fn content_defaults_to_nothing_of_its_type() {
    let hub = Hub::start().await;
    for (doc_type, expected) in [("Text", json!("")), ("Json", json!({}))] {
        let path = hub.create("ada", json!({"name": "", "doc_type": doc_type})).await;
        assert_eq!(hub.get(&path).user("ada").send().await.json()["content"], expected);
    }
    let null = json!({"name": "", "doc_type": "Json", "content": null});
    hub.ask("POST", "/documents").user("ada").json(&null).send().await.problem(422, "bad-edit");
    hub.stop().await;
}

#[tokio::test]
async fn a_read_is_answered_at_once_and_says_how_it_may_be_kept() {
    let hub = Hub::start().await;
    let path = hub.text("hello").await;
    let read = hub.get(&path).user("ada").send().await;
    assert_eq!(read.status, 200);
    assert_eq!(read.header("content-type"), "application/json");
    assert_eq!(read.header("cache-control"), "private, no-store");
    assert_eq!(read.header("vary"), "authorization, accept, accept-encoding");
    assert_eq!(read.header("x-content-type-options"), "nosniff");
    assert_eq!(read.json()["content"], "hello");
    assert_eq!(hub.model.peeks(), 1);

    let head = hub.ask("HEAD", &path).user("ada").send().await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), read.body.len().to_string());
    assert_eq!(head.header("etag"), read.header("etag"));
    hub.stop().await;
}

#[tokio::test]
async fn both_written_forms_of_an_id_lead_to_the_document() {
    let hub = Hub::start().await;
    let path = hub.text("hello").await;
    let url = hub.get(&path).user("ada").send().await.json()["url"].as_str().unwrap().to_owned();
    let bare = url.strip_prefix("automerge:").unwrap();
    for name in [url.as_str(), bare, &url.replace(':', "%3A")] {
        let read = hub.get(&format!("/documents/{name}")).user("ada").send().await;
        assert_eq!(read.status, 200, "{name}");
        assert_eq!(read.json()["url"], url);
    }
    hub.stop().await;
}

#[tokio::test]
async fn what_is_no_id_looks_like_what_does_not_exist() {
    let hub = Hub::start().await;
    let never = DocId::mint(base::Slot::new(1).unwrap(), [7; 16]).to_string();
    let mut answers = Vec::new();
    for name in [never.as_str(), "hello", "%ff", "01890a5d-ac96-774b-bcce-b302099a8057"] {
        let asked = hub.get(&format!("/documents/{name}")).user("ada").header("x-request-id", "same");
        let mut problem = asked.send().await.problem(404, "not-found");
        answers.push(problem.take());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    hub.stop().await;
}

#[tokio::test]
async fn the_past_is_read_by_version_and_by_heads() {
    let hub = Hub::start().await;
    let path = hub.text("one").await;
    let first = hub.get(&path).user("ada").send().await.json();
    let put = json!({"content": "two", "version": 1});
    let second = hub.ask("PUT", &path).user("ada").json(&put).send().await;
    assert_eq!((second.status.as_u16(), second.json()["version"].clone()), (200, json!(2)));

    let heads = first["heads"][0].as_str().unwrap();
    for query in ["version=1".to_owned(), format!("heads={heads}"), format!("heads={heads},{heads}")] {
        let past = hub.get(&format!("{path}?{query}")).user("ada").send().await;
        assert_eq!(past.json(), first, "{query}");
    }
    let unknown =
        hub.get(&format!("{path}?version=9")).user("ada").send().await.problem(422, "unknown-version");
    assert_eq!((&unknown["asked"], &unknown["newest"]), (&json!(9), &json!(2)));
    for query in [
        "version=x",
        "version=-1",
        "heads=",
        "heads=12",
        "version=1&heads=12",
        "verison=1",
        "version=1&version=1",
    ] {
        hub.get(&format!("{path}?{query}")).user("ada").send().await.problem(400, "bad-query");
    }
    hub.stop().await;
}

#[tokio::test]
async fn operations_reach_the_shard_as_they_were_written() {
    let hub = Hub::start().await;
    let path = hub.text("hello").await;
    let patch = json!({"version": 1, "ops": [{"op": "splice", "position": 5, "insert": " world"}]});
    let patched = hub.ask("PATCH", &path).user("ada").json(&patch).send().await;
    assert_eq!((patched.status.as_u16(), patched.json()["content"].clone()), (200, json!("hello world")));

    let path = hub.create("ada", json!({"name": "", "doc_type": "Json", "content": {"a": 1}})).await;
    let heads = hub.get(&path).user("ada").send().await.json()["heads"].clone();
    let patch =
        json!({"heads": heads, "unit": "scalar", "ops": [{"op": "set", "path": ["b"], "value": [null]}]});
    let patched = hub.ask("PATCH", &path).user("ada").json(&patch).send().await;
    assert_eq!(patched.json()["content"], json!({"a": 1, "b": [null]}));

    let bad = json!({"version": 2, "ops": [
        {"op": "set", "path": ["c"], "value": 1},
        {"op": "increment", "path": ["a"], "by": 1},
    ]});
    let problem = hub.ask("PATCH", &path).user("ada").json(&bad).send().await.problem(422, "bad-edit");
    assert_eq!(problem["operation"], 1);
    hub.stop().await;
}

#[tokio::test]
async fn a_deleted_document_is_gone() {
    let hub = Hub::start().await;
    let path = hub.text("hello").await;
    let deleted = hub.ask("DELETE", &path).user("ada").send().await;
    assert_eq!((deleted.status.as_u16(), deleted.body.len()), (204, 0));
    hub.get(&path).user("ada").send().await.problem(404, "not-found");
    hub.ask("DELETE", &path).user("ada").send().await.problem(404, "not-found");
    hub.stop().await;
}

#[tokio::test]
async fn a_list_is_followed_page_by_page() {
    let hub = Hub::start().await;
    for _ in 0..5 {
        hub.text("x").await;
    }
    // In other shards, too.
    for owner in ["bob", "carol", "dave"] {
        let path = hub.create(owner, json!({"name": "n", "doc_type": "Text"})).await;
        let share = json!({"principal": "ada", "access_level": "read"});
        hub.ask("POST", &format!("{path}/share")).user(owner).json(&share).send().await;
    }
    let (mut seen, mut next) = (Vec::new(), "/api/v1/documents?limit=2".to_owned());
    loop {
        let page = hub.get(&next).user("ada").send().await;
        assert_eq!(page.status, 200);
        let body = page.json();
        assert!(body["documents"][0].get("content").is_none(), "a list has no contents");
        seen.extend(body["documents"].as_array().unwrap().iter().map(|document| document["id"].to_string()));
        if body["next_cursor"] == Value::Null {
            assert!(!page.headers.contains_key("link"));
            break;
        }
        let link = page.header("link");
        next = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        assert!(next.starts_with("/api/v1/documents?limit=2&cursor="), "{next}");
    }
    let pages = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((pages, seen.len()), (8, 8));
    hub.get("/documents?cursor=made+up").user("ada").send().await.problem(400, "bad-cursor");
    hub.get("/documents?limit=0").user("ada").send().await.problem(400, "bad-query");
    hub.stop().await;
}

#[tokio::test]
async fn the_api_prefix_is_kept_in_locations() {
    let hub = Hub::start().await;
    let body = json!({"name": "", "doc_type": "Text"});
    let made = hub.ask("POST", "/api/v1/documents").user("ada").json(&body).send().await;
    let path = made.header("location");
    assert!(path.starts_with("/api/v1/documents/"), "{path}");
    assert_eq!(hub.get(path).user("ada").send().await.status, 200);
    hub.stop().await;
}
