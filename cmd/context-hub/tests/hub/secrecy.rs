//! What one may not read looks exactly like what does not exist: in every byte, whatever is asked.

use crate::support::{Ask, TestHub, User};
use serde_json::json;

const NEVER_MADE_HERE: &str = "00000000-0000-8000-8000-000000000000";
const NEVER_MADE_BY_A_CLIENT: &str = "936da01f-9abd-4d9d-80c7-02af85c822a8";
const MALFORMED: [&str; 4] = ["hello", "01890a5d-ac96-774b-bcce-b302099a8057", "%ff", "automerge:111"];

/// Every request that can be made of a document, well formed, with and without conditions.
fn requests(user: &User, path: &str) -> Vec<Ask> {
    let conditions: [&[(&str, &str)]; 6] = [
        &[],
        &[("if-match", "*")],
        &[("if-match", "\"0123\"")],
        &[("if-none-match", "*")],
        &[("if-none-match", "\"0123\", W/\"4567\"")],
        &[("idempotency-key", "k")],
    ];
    let put = json!({"version": 1, "content": "mine"});
    let stranger = json!({"heads": ["00".repeat(32)], "content": {}});
    let ops = json!([{"op": "splice", "position": 0, "insert": "x"}]);
    let mut asks = Vec::new();
    for headers in conditions {
        let past = ["", "?version=1", "?version=999", &format!("?heads={}", "00".repeat(32))];
        asks.extend(past.map(|query| user.get(&format!("{path}{query}")).headers(headers)));
        asks.push(user.ask("HEAD", path).headers(headers));
        asks.push(user.get(&format!("{path}/access")).headers(headers));
        asks.push(user.put(path, &put).headers(headers));
        asks.push(user.put(path, &stranger).headers(headers));
        asks.push(user.patch(path, 1, &ops).headers(headers));
        asks.push(user.patch(path, 999, &json!([])).headers(headers));
        asks.push(user.delete(path).headers(headers));
        asks.push(user.share(path, "eve", "admin").headers(headers));
        asks.push(user.share(path, "ada", "none").headers(headers));
    }
    asks
}

/// What a user is answered to each of them, in every byte.
async fn answers(user: &User, path: &str) -> Vec<String> {
    let mut answers = Vec::new();
    for ask in requests(user, path) {
        let reply = ask.header("x-request-id", "same").send().await;
        assert_eq!(reply.status, 404, "{reply:?}");
        answers.push(reply.fingerprint());
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_cannot_be_told_from_what_is_not_there() {
    let hub = TestHub::start().await;
    let (ada, eve) = (hub.user("ada"), hub.user("eve"));
    let hidden = ada.text("secret").await;
    let deleted = ada.text("secret").await;
    ada.delete(&deleted).send().await;
    let revoked = ada.object(json!({"secret": 1})).await;
    ada.grant(&revoked, "eve", "admin").await;
    eve.read(&revoked).await;
    ada.grant(&revoked, "eve", "none").await;
    let foreign = hub.user_of("other", "eve").text("secret").await;

    let nothing = answers(&eve, &format!("/documents/{NEVER_MADE_HERE}")).await;
    for path in [&hidden, &deleted, &revoked, &foreign] {
        assert_eq!(answers(&eve, path).await, nothing, "{path}");
    }
    assert_eq!(answers(&ada, &deleted).await, nothing, "whose it was sees no more than others");
    for name in MALFORMED.iter().chain([&NEVER_MADE_BY_A_CLIENT]) {
        assert_eq!(answers(&eve, &format!("/documents/{name}")).await, nothing, "{name}");
    }
    assert_eq!(ada.content(&hidden).await, "secret");
    assert_eq!(ada.get(&format!("{revoked}/access")).send().await.json(200)["entries"], json!([]));
}

#[tokio::test]
async fn what_is_asked_wrongly_tells_no_more() {
    let hub = TestHub::start().await;
    let (ada, eve) = (hub.user("ada"), hub.user("eve"));
    let hidden = ada.text("secret").await;
    let never = format!("/documents/{NEVER_MADE_HERE}");
    let wrong = |path: &str| {
        [
            eve.put(path, &json!({"content": "no version"})),
            eve.put(path, &json!({"version": "1", "content": ""})),
            eve.ask("PATCH", path).body("{"),
            eve.ask("PATCH", path).header("content-type", "application/json").body("{"),
            eve.get(path).header("if-none-match", "no quotes"),
            eve.get(&format!("{path}?versions=1")),
            eve.share(path, "", "read"),
            eve.ask("POST", path),
        ]
    };
    for (one, other) in wrong(&hidden).into_iter().zip(wrong(&never)) {
        let [one, other] = [one, other].map(|ask| ask.header("x-request-id", "same").send());
        assert_eq!(one.await.fingerprint(), other.await.fingerprint());
    }
}
