//! Every limit: set by its flag, met from both sides, refused by its own name.

use crate::support::{TestHub, User};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Longer than anything takes; reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);

fn text(name: &str, content: &str) -> Value {
    json!({"name": name, "doc_type": "Text", "content": content})
}

fn nested(depth: usize) -> Value {
    (1..depth).fold(json!({"leaf": 1}), |inner, _| json!({"in": inner}))
}

/// Something that does not get smaller by compression.
fn noise(bytes: usize) -> String {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'!' + (state >> 24) as u8 % 90)
    };
    (0..bytes).map(|_| next()).collect()
}

#[tokio::test]
async fn what_is_too_large_is_refused_by_name() {
    let flags = [
        "--max-body-bytes=4000",
        "--max-document-bytes=1000",
        "--max-change-bytes=1500",
        "--max-json-depth=6",
        "--max-json-values=100",
        "--max-name-bytes=4",
        "--max-operations=3",
        "--max-idempotency-key-bytes=8",
        "--max-page-documents=5",
        "--max-access-entries=2",
    ];
    let hub = TestHub::start_with(&flags).await;
    let ada = hub.user("ada");
    let refused = async |body: Value, status, slug, limit: u64| {
        assert_eq!(ada.post(&body).send().await.problem(status, slug)["limit"], limit);
    };
    refused(text("", &"x".repeat(5_000)), 413, "body-too-large", 4_000).await;
    refused(text("", &"x".repeat(1_500)), 413, "document-too-large", 1_000).await;
    refused(text("ééé", ""), 422, "name-too-long", 4).await;
    refused(json!({"name": "", "doc_type": "Json", "content": nested(9)}), 422, "json-too-deep", 6).await;
    refused(
        json!({"name": "", "doc_type": "Json", "content": {"a": vec![0; 200]}}),
        413,
        "too-many-values",
        100,
    )
    .await;
    assert_eq!(ada.get("/documents").send().await.json(200)["documents"], json!([]), "nothing was made");

    let full = "x".repeat(998);
    let path = made(&ada, text("éé", &full)).await;
    let growing = json!([{"op": "splice", "position": 0, "insert": "yy"}]);
    ada.patch(&path, 1, &growing).send().await.problem(413, "document-too-large");
    let splice = json!({"op": "splice", "position": 0, "delete": 1, "insert": "y"});
    let ops = |count| Value::from(vec![splice.clone(); count]);
    let refused = ada.patch(&path, 1, &ops(4)).send().await.problem(422, "too-many-operations");
    assert_eq!(refused["limit"], 3);
    ada.edit(&path, 1, ops(3)).await;
    ada.put(&path, &json!({"version": 2, "content": ""}))
        .key("123456789")
        .send()
        .await
        .problem(422, "idempotency-key-too-long");
    ada.put(&path, &json!({"version": 2, "content": ""})).key("12345678").send().await.json(200);

    let object = made(&ada, json!({"name": "", "doc_type": "Json", "content": {}})).await;
    let set = |value: Value| json!([{"op": "set", "path": ["a"], "value": value}]);
    ada.patch(&object, 1, &set(nested(7))).send().await.problem(422, "json-too-deep");

    for user in ["b", "c"] {
        ada.grant(&path, user, "read").await;
    }
    assert_eq!(ada.share(&path, "d", "read").send().await.problem(422, "access-list-full")["limit"], 2);
    ada.grant(&path, "c", "write").await;
    ada.grant(&path, "b", "none").await;
    ada.grant(&path, "d", "read").await;

    assert_eq!(ada.get("/documents?limit=6").send().await.problem(422, "page-too-large")["limit"], 5);
    assert_eq!(ada.get("/documents?limit=5").send().await.status, 200);
}

#[tokio::test]
async fn a_change_has_its_limit() {
    let hub = TestHub::start_with(&["--max-change-bytes=3000"]).await;
    let ada = hub.user("ada");
    let refused = ada.post(&text("", &noise(4_000))).send().await;
    assert_eq!(refused.problem(413, "change-too-large")["limit"], 3_000);
    let path = made(&ada, text("", &noise(1_000))).await;
    let insert = |length| json!([{"op": "splice", "position": 0, "insert": noise(length)}]);
    ada.patch(&path, 1, &insert(4_000)).send().await.problem(413, "change-too-large");
    ada.edit(&path, 1, insert(1_500)).await;
    ada.edit(&path, 2, insert(1_500)).await;
    let compressible = "x".repeat(4_000);
    let squeezed = ada.put(&path, &json!({"version": 3, "content": compressible})).send().await;
    squeezed.problem(413, "change-too-large");
    assert_eq!(ada.content(&path).await.as_str().unwrap().len(), 4_000);
}

#[tokio::test]
async fn a_flag_wins_over_its_variable() {
    let hub = TestHub::start_from(|spec| {
        spec.env.push(("MAX_NAME_BYTES".into(), "2".into()));
        spec.env.push(("MAX_OPERATIONS".into(), "1".into()));
        spec.flags.push("--max-name-bytes=3".into());
    })
    .await;
    let ada = hub.user("ada");
    let path = made(&ada, text("abc", "")).await;
    ada.post(&text("abcd", "")).send().await.problem(422, "name-too-long");
    let splice = json!({"op": "splice", "position": 0, "insert": "x"});
    ada.patch(&path, 1, &json!([splice, splice])).send().await.problem(422, "too-many-operations");
}

#[tokio::test]
async fn requests_in_flight_have_their_limit() {
    let hub = TestHub::start_with(&["--max-requests-in-flight=1"]).await;
    let ada = hub.user("ada");
    let path = ada.text("x").await;
    ada.read(&path).await;
    // A request whose body is still to come is in flight.
    let mut slow = TcpStream::connect(hub.authority()).await.unwrap();
    let body = text("slow", "").to_string();
    let head = format!(
        "POST /documents HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        ada.token(),
        body.len()
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    while !hub.anyone().get("/metrics").send().await.text().contains("\nhttp_requests_in_flight 1\n") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let refused = ada.get("/documents").send().await;
    assert_eq!(refused.problem(503, "too-many-in-flight")["limit"], 1);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(hub.anyone().get("/livez").send().await.status, 200, "probes are answered all the same");
    assert_eq!(ada.content(&path).await, "x", "so is a read at hand");

    slow.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let list = ada.get("/documents").send().await.json(200);
    assert_eq!(list["documents"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_takes_have_their_limit() {
    // Numbered, each line takes eight bytes: far more than what a kernel takes off a hub's hands.
    const LINES: usize = 900_000;
    let hub = TestHub::start_with(&["--bodies-size-mb=1"]).await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let path = ada.text(&"\n".repeat(LINES)).await;
    ada.grant(&path, "bob", "read").await;
    let numbered = format!("{path}?format=numbered");

    let lazy = TcpSocket::new_v4().unwrap();
    lazy.set_recv_buffer_size(4 << 10).unwrap();
    let mut lazy = lazy.connect(hub.authority().parse().unwrap()).await.unwrap();
    let head = format!(
        "GET {numbered} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        ada.token(),
    );
    lazy.write_all(head.as_bytes()).await.unwrap();
    let refused = async {
        loop {
            let reply = bob.get(&numbered).send().await;
            if reply.status == 503 {
                return reply;
            }
            assert_eq!(reply.status, 200, "one alone is answered, whatever its length");
        }
    };
    let refused = timeout(PATIENCE, refused).await.expect("what nobody takes is in the way");
    refused.problem(503, "no-room-for-body");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(bob.get("/documents").send().await.status, 200, "short answers are not");

    let mut answer = Vec::new();
    lazy.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 ") && answer.len() > LINES * 8, "{} bytes", answer.len());
    let taken = async { while bob.get(&numbered).send().await.status != 200 {} };
    timeout(PATIENCE, taken).await.expect("what was taken is out of the way");
}

async fn made(user: &User, body: Value) -> String {
    let reply = user.post(&body).send().await;
    reply.json(201);
    reply.header("location").to_owned()
}
