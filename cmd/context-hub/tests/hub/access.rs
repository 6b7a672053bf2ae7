//! Who may do what: levels, shares, revocations.

use crate::support::{TestHub, User};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a user is answered: reading, editing, sharing, in this order.
async fn tried(user: &User, path: &str) -> [u16; 4] {
    let put = json!({"version": 1, "content": "same"});
    [
        user.get(path).send().await.status,
        user.put(path, &put).send().await.status,
        user.patch(path, 1, &json!([])).send().await.status,
        user.share(path, "someone", "read").send().await.status,
    ]
}

#[tokio::test]
async fn a_level_allows_what_it_says_and_no_more() {
    let hub = TestHub::start().await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let path = ada.text("same").await;
    assert_eq!(tried(&bob, &path).await, [404; 4]);
    for (level, expected) in
        [("read", [200, 403, 403, 403]), ("write", [200, 200, 200, 403]), ("admin", [200; 4])]
    {
        ada.grant(&path, "bob", level).await;
        assert_eq!(bob.read(&path).await["access"], level);
        assert_eq!(tried(&bob, &path).await, expected, "{level}");
        let refused = bob.delete(&path).send().await.problem(403, "forbidden");
        assert_eq!((&refused["needed"], &refused["held"]), (&json!("owner"), &json!(level)));
    }
    ada.grant(&path, "bob", "read").await;
    let refused =
        bob.put(&path, &json!({"version": 1, "content": "x"})).send().await.problem(403, "forbidden");
    assert_eq!((&refused["needed"], &refused["held"]), (&json!("write"), &json!("read")));
    ada.grant(&path, "bob", "none").await;
    assert_eq!(tried(&bob, &path).await, [404; 4]);
    assert_eq!(ada.delete(&path).send().await.status, 204);
}

#[tokio::test]
async fn an_access_list_says_who_may_do_what() {
    let hub = TestHub::start().await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let path = ada.text("x").await;
    ada.grant(&path, "bob", "admin").await;
    let given = bob.grant(&path, "carol@example.org", "write").await;
    let expected = json!({"owner": "ada", "entries": [
        {"principal": "bob", "access_level": "admin"},
        {"principal": "carol@example.org", "access_level": "write"},
    ]});
    assert_eq!(given, expected);
    for user in ["ada", "bob", "carol@example.org"] {
        assert_eq!(hub.user(user).get(&format!("{path}/access")).send().await.json(200), expected);
    }
    hub.user("dave").get(&format!("{path}/access")).send().await.problem(404, "not-found");
    assert_eq!(ada.read(&path).await["version"], 1, "sharing is no edit");

    // An admin may step down, and is told what is left.
    let left = bob.grant(&path, "bob", "none").await;
    assert_eq!(left["entries"].as_array().unwrap().len(), 1);
    bob.get(&path).send().await.problem(404, "not-found");
}

#[tokio::test]
async fn a_share_that_makes_no_sense_is_refused() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let path = ada.text("x").await;
    let share = async |body: Value| ada.ask("POST", &format!("{path}/share")).json(&body).send().await;
    for level in [json!("owner"), json!("Read"), json!(2), json!(null)] {
        share(json!({"principal": "bob", "access_level": level})).await.problem(422, "invalid-body");
    }
    for principal in ["", "two words", "group:all", &"x".repeat(129)] {
        let refused = share(json!({"principal": principal, "access_level": "read"})).await;
        assert_eq!(refused.problem(422, "invalid-body")["member"], "principal");
    }
    share(json!({"principal": "bob"})).await.problem(422, "invalid-body");
    share(json!({"principal": "bob", "access_level": "read", "until": "noon"}))
        .await
        .problem(422, "invalid-body");
    for level in ["none", "read", "admin"] {
        ada.share(&path, "ada", level).send().await.problem(422, "bad-edit");
    }
    let list = ada.get(&format!("{path}/access")).send().await.json(200);
    assert_eq!(list["entries"], json!([]));
    assert_eq!(
        ada.grant(&path, "bob", "none").await["entries"],
        json!([]),
        "taking what nobody has is no error"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_stops_the_next_request() {
    let hub = TestHub::start().await;
    let (ada, bob) = (hub.user("ada"), hub.user("bob"));
    let path = ada.text("").await;
    for round in 0..5 {
        ada.grant(&path, "bob", "write").await;
        let revoked = Arc::new(AtomicBool::new(false));
        let writer = tokio::spawn(write_until_refused(bob.clone(), path.clone(), revoked.clone()));
        while ada.read(&path).await["version"].as_u64().unwrap() < 3 * (round + 1) {}
        ada.grant(&path, "bob", "none").await;
        revoked.store(true, Ordering::SeqCst);
        bob.get(&path).send().await.problem(404, "not-found");
        let frozen = ada.read(&path).await;
        writer.await.unwrap();
        assert_eq!(ada.read(&path).await, frozen, "nothing of bob's comes after the revocation");
    }
}

/// Edits until the first refusal. An edit that is sent once the revocation was confirmed is not taken.
async fn write_until_refused(bob: User, path: String, revoked: Arc<AtomicBool>) {
    let ops = json!([{"op": "splice", "position": 0, "insert": "b"}]);
    loop {
        let was_revoked = revoked.load(Ordering::SeqCst);
        let reply = bob.patch(&path, 1, &ops).send().await;
        if reply.status != 200 {
            reply.problem(404, "not-found");
            return;
        }
        assert!(!was_revoked, "an edit was taken after the revocation");
    }
}

#[tokio::test]
async fn no_token_of_another_tenant_reaches_a_document() {
    let hub = TestHub::start().await;
    let (ada, other) = (hub.user("ada"), hub.user_of("other", "ada"));
    let path = ada.text("ours").await;
    assert_eq!(tried(&other, &path).await, [404; 4]);
    other.delete(&path).send().await.problem(404, "not-found");
    ada.grant(&path, "bob", "admin").await;
    assert_eq!(tried(&hub.user_of("other", "bob"), &path).await, [404; 4]);
    let theirs = other.text("theirs").await;
    ada.get(&theirs).send().await.problem(404, "not-found");
    assert_eq!(ada.content(&path).await, "ours");
}
