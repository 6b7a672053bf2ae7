//! Connections that are slow, idle, many, cut, or of another version of HTTP.

use crate::support::{Hub, token};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// What the other side says before it closes.
async fn read_to_end(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // A peer that closes with bytes unread resets the connection; what it said before is still told.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn http_2_is_spoken_to_those_who_begin_with_it() {
    let hub = Hub::start().await;
    let path = hub.text("hello").await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Empty<Bytes>>();
    let request = Request::get(format!("http://{}{path}", hub.addr()))
        .header("authorization", format!("Bearer {}", token("acme", "ada")))
        .body(Empty::new());
    let response = client.request(request.unwrap()).await.unwrap();
    assert_eq!((response.version(), response.status().as_u16()), (hyper::Version::HTTP_2, 200));
    drop((response, client));
    hub.stop().await;
}

/// A token of a feed names every shard, and goes into the path, or into `Last-Event-ID`.
#[tokio::test]
async fn the_longest_token_of_a_feed_fits_into_a_head() {
    let hub = Hub::start().await;
    let places: Vec<_> = (0..base::SHARDS_MAX).map(|shard| (shard, u64::MAX, u32::MAX)).collect();
    let mut token_bytes = vec![1];
    minicbor::encode(places, &mut token_bytes).unwrap();
    let since = URL_SAFE_NO_PAD.encode(token_bytes);
    for http_2 in [false, true] {
        let client = Client::builder(TokioExecutor::new()).http2_only(http_2).build_http::<Empty<Bytes>>();
        let request = Request::get(format!("http://{}/changes?since={since}&wait=0", hub.addr()))
            .header("authorization", format!("Bearer {}", token("acme", "ada")))
            .body(Empty::new());
        let response = client.request(request.unwrap()).await.unwrap();
        // It was read: nothing is kept of the places that it names.
        assert_eq!(response.status().as_u16(), 410, "http/2: {http_2}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn requests_in_a_pipeline_are_answered_in_order() {
    let hub = Hub::start().await;
    let mut stream = TcpStream::connect(hub.addr()).await.unwrap();
    let get = |path: &str, extra: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n{extra}\r\n");
    let both = get("/livez", "") + &get("/nothing", "connection: close\r\n");
    stream.write_all(both.as_bytes()).await.unwrap();
    let text = read_to_end(stream).await;
    let (first, second) = (text.find("200 OK").unwrap(), text.find("404 Not Found").unwrap());
    assert!(first < second, "{text}");
    hub.stop().await;
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let hub = Hub::start_with(|config| config.idle_timeout = Duration::from_millis(20)).await;
    for beginning in ["", "GET /livez HT", "GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let mut stream = TcpStream::connect(hub.addr()).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        assert!(!read_to_end(stream).await.contains("200 OK"), "{beginning:?}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    let hub = Hub::start_with(|config| config.body_timeout = Duration::from_millis(20)).await;
    let mut stream = TcpStream::connect(hub.addr()).await.unwrap();
    let token = token("acme", "ada");
    let head = format!(
        "POST /documents HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 50\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let text = read_to_end(stream).await;
    assert!(text.starts_with("HTTP/1.1 408 ") && text.contains("/docs/problems/slow-body"), "{text}");
    hub.stop().await;
}

#[tokio::test]
async fn a_chunked_body_ends_at_the_limit_before_it_ends_itself() {
    let hub = Hub::start_with(|config| config.limits.body_bytes = 10).await;
    let mut stream = TcpStream::connect(hub.addr()).await.unwrap();
    let token = token("acme", "ada");
    let head = format!(
        "POST /documents HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let text = read_to_end(stream).await;
    assert!(text.starts_with("HTTP/1.1 413 ") && text.contains("/docs/problems/body-too-large"), "{text}");
    hub.stop().await;
}

#[tokio::test]
async fn more_connections_than_allowed_wait_their_turn() {
    let hub = Hub::start_with(|config| config.connections_max = 1).await;
    let get = b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let first = TcpStream::connect(hub.addr()).await.unwrap();
    let mut second = TcpStream::connect(hub.addr()).await.unwrap();
    second.write_all(get).await.unwrap();
    // The first holds the only place: until it goes, the second is not even read.
    let mut byte = [0];
    let waits = tokio::time::timeout(Duration::from_millis(50), second.peek(&mut byte)).await;
    assert!(waits.is_err(), "the second connection was served beside the first");
    drop(first);
    assert!(read_to_end(second).await.contains("200 OK"));
    hub.stop().await;
}

#[tokio::test]
async fn stopping_finishes_what_is_in_flight_and_takes_nothing_new() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    let release = Arc::new(Notify::new());
    *hub.model.held.lock() = Some(release.clone());
    let (addr, model) = (hub.addr(), hub.model.clone());
    let body = json!({"content": "y", "version": 1}).to_string();
    let request = format!(
        "PUT {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        token("acme", "ada"),
        body.len()
    );
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    while model.writes() < 2 {
        tokio::task::yield_now().await;
    }
    let stopping = tokio::spawn(hub.stop());
    while TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished(), "it waits for the write");
    release.notify_one();
    let text = read_to_end(stream).await;
    assert!(text.starts_with("HTTP/1.1 200 ") && text.contains("\"version\":2"), "{text}");
    stopping.await.unwrap();
}

#[tokio::test]
async fn stopping_cuts_what_takes_longer_than_the_drain() {
    let hub = Hub::start_with(|config| config.drain = Duration::from_millis(20)).await;
    let path = hub.text("x").await;
    *hub.model.held.lock() = Some(Arc::new(Notify::new()));
    let model = hub.model.clone();
    let mut stream = TcpStream::connect(hub.addr()).await.unwrap();
    let token = token("acme", "ada");
    let request = format!("DELETE {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    while model.writes() < 2 {
        tokio::task::yield_now().await;
    }
    hub.stop().await;
    assert_eq!(read_to_end(stream).await, "");
}
