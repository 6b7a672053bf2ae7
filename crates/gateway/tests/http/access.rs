//! Sharing, and what each level may do.

use crate::support::Hub;
use serde_json::json;

#[tokio::test]
async fn a_grant_lets_in_and_a_revocation_shuts_out() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    let share = |principal: &str, level: &str| {
        let body = json!({"principal": principal, "access_level": level});
        hub.ask("POST", &format!("{path}/share")).user("ada").json(&body).send()
    };
    hub.get(&path).user("bob").send().await.problem(404, "not-found");
    let shared = share("bob", "read").await;
    let expected = json!({"owner": "ada", "entries": [{"principal": "bob", "access_level": "read"}]});
    assert_eq!((shared.status.as_u16(), shared.json()), (200, expected.clone()));
    assert_eq!(hub.get(&path).user("bob").send().await.json()["access"], "read");
    assert_eq!(hub.get(&format!("{path}/access")).user("bob").send().await.json(), expected);

    let put = hub.ask("PUT", &path).user("bob").json(&json!({"content": "y", "version": 1})).send().await;
    let problem = put.problem(403, "forbidden");
    assert_eq!((&problem["needed"], &problem["held"]), (&json!("write"), &json!("read")));

    share("bob", "none").await;
    hub.get(&path).user("bob").send().await.problem(404, "not-found");
    hub.stop().await;
}

#[tokio::test]
async fn each_reader_sees_their_own_level() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    for level in ["read", "write", "admin"] {
        let body = json!({"principal": level, "access_level": level});
        hub.ask("POST", &format!("{path}/share")).user("ada").json(&body).send().await;
    }
    for (user, level) in
        [("read", "read"), ("write", "write"), ("admin", "admin"), ("ada", "owner"), ("read", "read")]
    {
        assert_eq!(hub.get(&path).user(user).send().await.json()["access"], level);
        let listed = hub.get("/documents").user(user).send().await.json();
        assert_eq!(listed["documents"][0]["access"], level);
    }
    hub.stop().await;
}

#[tokio::test]
async fn what_cannot_be_granted_is_refused() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    let share = |body| hub.ask("POST", &format!("{path}/share")).user("ada").json(&body).send();
    let owner = json!({"principal": "bob", "access_level": "owner"});
    share(owner).await.problem(422, "invalid-body");
    let group = json!({"principal": "group:x", "access_level": "read"});
    assert_eq!(share(group).await.problem(422, "invalid-body")["member"], "principal");
    hub.stop().await;
}
