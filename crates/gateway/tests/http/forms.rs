//! The forms in which things come and go: encoded or bare, whole or only named, in a type that the client takes.

use crate::support::{Ask, Hub, Reply};
use serde_json::{Value, json};
use std::io::{Read, Write};

/// What is sent as it is, what is encoded where it is, and what is encoded aside.
const SHORT: usize = 100;
const MIDDLE: usize = 10_000;
const LONG: usize = 300_000;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// What an answer says, whichever way it was encoded.
fn bare(reply: &Reply) -> Value {
    let mut whole = Vec::new();
    match reply.header("content-encoding") {
        "gzip" => flate2::read::GzDecoder::new(&reply.body[..]).read_to_end(&mut whole).map(drop).unwrap(),
        "zstd" => whole = zstd::decode_all(&reply.body[..]).unwrap(),
        other => panic!("{other} was not asked for"),
    }
    serde_json::from_slice(&whole).unwrap()
}

fn with<'a>(ask: Ask<'a>, headers: &[(&'static str, &str)]) -> Ask<'a> {
    headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value))
}

#[tokio::test]
async fn a_document_is_encoded_for_who_takes_it_so() {
    let hub = Hub::start().await;
    for (length, shorter) in [(SHORT, false), (MIDDLE, true), (LONG, true)] {
        let content = "text ".repeat(length / 5);
        let path = hub.text(&content).await;
        let plain = hub.get(&path).user("ada").send().await;
        assert_eq!(plain.headers.get("content-encoding"), None);
        for query in ["", "?version=1"] {
            for coding in ["gzip", "zstd"] {
                let read =
                    || hub.get(&format!("{path}{query}")).user("ada").header("accept-encoding", coding);
                let encoded = read().send().await;
                assert_eq!(encoded.status, 200);
                assert_eq!(encoded.header("vary"), "authorization, accept, accept-encoding");
                if !shorter {
                    assert_eq!((encoded.headers.get("content-encoding"), &encoded.body), (None, &plain.body));
                    assert_eq!(encoded.header("etag"), plain.header("etag"));
                    continue;
                }
                assert_eq!(encoded.header("content-encoding"), coding);
                assert_eq!(encoded.header("content-type"), "application/json");
                assert!(encoded.body.len() * 5 < plain.body.len(), "{} bytes", encoded.body.len());
                assert_eq!(bare(&encoded), plain.json());
                let tag = format!("{}-{coding}\"", plain.header("etag").trim_end_matches('"'));
                assert_eq!(encoded.header("etag"), tag);

                let kept = read().header("if-none-match", &tag).send().await;
                assert_eq!((kept.status.as_u16(), kept.header("etag"), kept.body.len()), (304, &*tag, 0));
                let other = hub.get(&path).user("ada").header("if-none-match", &tag).send().await;
                assert_eq!((other.status.as_u16(), other.header("etag")), (304, plain.header("etag")));

                let head = hub.ask("HEAD", &format!("{path}{query}")).user("ada");
                let head = head.header("accept-encoding", coding).send().await;
                assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
                for name in ["etag", "content-encoding", "content-length", "content-type", "vary"] {
                    assert_eq!(head.header(name), encoded.header(name), "{name}");
                }
            }
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn the_tag_of_an_encoded_answer_serves_to_write() {
    let hub = Hub::start().await;
    let path = hub.text(&"text ".repeat(MIDDLE / 5)).await;
    let read = hub.get(&path).user("ada").header("accept-encoding", "gzip").send().await;
    let tag = read.header("etag");
    assert!(tag.ends_with("-gzip\""), "{tag}");
    let put = || hub.ask("PUT", &path).user("ada").header("if-match", tag).json(&json!({"content": "short"}));
    assert_eq!(put().send().await.status, 200);
    put().send().await.problem(412, "precondition-failed");
    hub.stop().await;
}

#[tokio::test]
async fn what_goes_on_or_refuses_is_sent_as_it_is() {
    let hub = Hub::start().await;
    hub.text("x").await;
    let feed =
        hub.get("/changes?limit=1&wait=0").user("ada").header("accept-encoding", "gzip, zstd").send().await;
    assert_eq!((feed.status.as_u16(), feed.headers.get("content-encoding")), (200, None));
    let refused = hub.get("/documents/x").user("ada").header("accept-encoding", "gzip, zstd").send().await;
    refused.problem(404, "not-found");
    let page = hub.get("/docs/problems").header("accept-encoding", "zstd").send().await;
    assert_eq!((page.header("content-encoding"), page.header("vary")), ("zstd", "accept, accept-encoding"));
    let only = hub.get("/livez").header("accept-encoding", "gzip, identity;q=0").send().await;
    assert_eq!(only.header("content-encoding"), "gzip");
    hub.stop().await;
}

#[tokio::test]
async fn a_body_may_come_encoded() {
    let hub = Hub::start_with(|config| config.limits.body_bytes = 100_000).await;
    let body = json!({"name": "n", "doc_type": "Text", "content": "x".repeat(MIDDLE)}).to_string();
    let post = |coding: &str, body: Vec<u8>| {
        let headers = [("content-type", "application/json"), ("content-encoding", coding)];
        with(hub.ask("POST", "/documents").user("ada"), &headers).header("idempotency-key", "k").body(body)
    };
    let first = post("gzip", gzip(body.as_bytes())).send().await;
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first.json()["content"].as_str().unwrap().len(), MIDDLE);
    for again in [post("zstd", zstd(body.as_bytes())), post("identity", body.clone().into_bytes())] {
        let again = again.send().await;
        assert_eq!((again.status.as_u16(), again.json()), (201, first.json()), "it is the same request");
    }

    let writes = hub.model.writes();
    let bomb = json!({"name": "n", "doc_type": "Text", "content": "x".repeat(100_000)}).to_string();
    for (coding, body) in [("gzip", gzip(bomb.as_bytes())), ("zstd", zstd(bomb.as_bytes()))] {
        assert!(body.len() < 5_000, "{} bytes", body.len());
        let problem = post(coding, body).send().await.problem(413, "body-too-large");
        assert_eq!(problem["limit"], 100_000);
    }
    post("gzip", b"{}".to_vec()).send().await.problem(400, "malformed-content-encoding");
    let mut cut = zstd(body.as_bytes());
    cut.truncate(20);
    post("zstd", cut).send().await.problem(400, "malformed-content-encoding");
    let refused = post("br", b"{}".to_vec()).send().await;
    refused.problem(415, "unsupported-content-encoding");
    assert_eq!(refused.header("accept-encoding"), "zstd, gzip");
    post("gzip, gzip", gzip(&gzip(b"{}"))).send().await.problem(415, "unsupported-content-encoding");
    assert_eq!(hub.model.writes(), writes);
    hub.stop().await;
}

#[tokio::test]
async fn what_cannot_be_answered_is_not_begun() {
    let hub = Hub::start().await;
    let body = json!({"name": "n", "doc_type": "Text"});
    let post = |accept: &str| hub.ask("POST", "/documents").user("ada").header("accept", accept).json(&body);
    let problem = post("text/html, application/json;q=0").send().await.problem(406, "not-acceptable");
    assert_eq!(problem["offered"], json!(["application/json"]));
    assert_eq!(hub.model.writes(), 0);
    for accept in
        ["*/*", "application/*;q=0.1", "Application/JSON; charset=utf-8", "text/html, */*;q=0.8", "?"]
    {
        assert_eq!(post(accept).send().await.status, 201, "{accept}");
    }
    let path = hub.text("x").await;
    for path in [&path, "/documents", &format!("{path}/access")] {
        hub.get(path).user("ada").header("accept", "image/png").send().await.problem(406, "not-acceptable");
    }
    // Who asks is asked first.
    hub.get(&path).header("accept", "image/png").send().await.problem(401, "unauthenticated");
    hub.stop().await;
}

#[tokio::test]
async fn who_prefers_little_gets_no_body() {
    let hub = Hub::start().await;
    let body = json!({"name": "n", "doc_type": "Text", "content": "one"});
    let minimal = ("prefer", "return=minimal");
    let made = with(hub.ask("POST", "/documents").user("ada"), &[minimal]).json(&body).send().await;
    let whole = ["etag", "hub-revision", "cache-control", "vary"];
    let check = |reply: &Reply, status: u16, version: &str| {
        assert_eq!((reply.status.as_u16(), reply.body.len()), (status, 0));
        assert_eq!(reply.header("preference-applied"), "return=minimal");
        assert_eq!(reply.header("hub-version"), version);
        assert_eq!(reply.headers.get("content-type"), None);
        whole.iter().for_each(|name| assert!(!reply.header(name).is_empty()));
    };
    check(&made, 201, "1");
    let path = made.header("location").to_owned();
    let put = json!({"version": 1, "content": "one two"});
    let put = with(hub.ask("PUT", &path).user("ada"), &[minimal]).json(&put).send().await;
    check(&put, 204, "2");
    let ops = json!({"version": 2, "ops": [{"op": "splice", "position": 0, "insert": "zero "}]});
    let patch = || hub.ask("PATCH", &path).user("ada").header("idempotency-key", "k").json(&ops);
    check(&with(patch(), &[minimal]).send().await, 204, "3");
    let again = patch().header("prefer", "return=representation").send().await;
    assert_eq!(
        (again.status.as_u16(), &again.json()["version"]),
        (200, &json!(3)),
        "the same edit, told whole"
    );
    assert_eq!(again.headers.get("preference-applied"), None);

    let read = with(hub.get(&path).user("ada"), &[minimal]).send().await;
    assert_eq!(read.json()["content"], "zero one two", "who reads wants to read");
    assert_eq!(read.header("etag"), again.header("etag"));
    let refused =
        with(hub.ask("PUT", &path).user("ada"), &[minimal]).json(&json!({"content": ""})).send().await;
    refused.problem(428, "version-required");
    hub.stop().await;
}

#[tokio::test]
async fn problems_have_pages_for_people_and_for_programs() {
    let hub = Hub::start().await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
    for path in ["/docs/problems", "/docs/problems/version-required"] {
        let page = hub.get(path).header("accept", browser).send().await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'self'"));
        assert_eq!(page.header("vary"), "accept, accept-encoding");
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        assert!(text.starts_with("<!DOCTYPE html>") && text.contains("<code>If-Match: *</code>"), "{text}");
        assert!(!text.contains("<ol"), "a status is no number of a list: {text}");
        for accept in ["*/*", "text/markdown", "application/json", "text/html;q=0.5, text/markdown"] {
            let markdown = hub.get(path).header("accept", accept).send().await;
            assert_eq!(markdown.header("content-type"), "text/markdown; charset=utf-8", "{accept}");
            assert!(markdown.body.starts_with(b"#"));
        }
        let head = hub.ask("HEAD", path).header("accept", browser).send().await;
        assert_eq!(head.header("content-length"), page.body.len().to_string());
    }
    let all = hub.get("/docs/problems").header("accept", browser).send().await;
    let text = String::from_utf8(all.body.to_vec()).unwrap();
    let links: Vec<_> = text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(links.len() > 15, "{links:?}");
    for link in links.into_iter().filter(|link| !link.starts_with('#')) {
        assert_eq!(hub.get(link).send().await.status, 200, "{link}");
    }
    hub.get("/docs/problems/nope").header("accept", browser).send().await.problem(404, "unknown-path");
    hub.stop().await;
}

#[tokio::test]
async fn head_says_what_get_would_say() {
    let hub = Hub::start().await;
    let path = hub.text("some text").await;
    let missing = "/documents/936da01f-9abd-4d9d-80c7-02af85c822a8";
    let access = format!("{path}/access");
    for path in [
        &path,
        &access,
        "/documents",
        "/livez",
        "/readyz",
        "/",
        "/.well-known/jwks.json",
        missing,
        "/nothing",
    ] {
        let get = hub.get(path).user("ada").header("x-request-id", "r").send().await;
        let head = hub.ask("HEAD", path).user("ada").header("x-request-id", "r").send().await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        let without_date = |reply: &Reply| {
            let mut headers = reply.headers.clone();
            headers.remove("date");
            headers
        };
        assert_eq!(without_date(&head), without_date(&get), "{path}");
    }
    hub.stop().await;
}
