//! Who gets in.

use crate::support::{Hub, token};
use base::{TenantId, Timestamp, UserId};
use gateway::auth::{Claims, Issuer, SigningKey};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn without_a_token_nothing_of_a_document_is_told() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    for path in [path.as_str(), "/documents/hello", "/documents"] {
        let refused = hub.get(path).send().await;
        refused.problem(401, "unauthenticated");
        assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"context-hub\"");
    }
    let in_query = hub.get(&format!("{path}?access_token={}", token("acme", "ada"))).send().await;
    in_query.problem(401, "unauthenticated");
    let basic = hub.get(&path).header("authorization", "Basic YWRhOg==").send().await;
    basic.problem(401, "unauthenticated");
    hub.stop().await;
}

#[tokio::test]
async fn a_bad_token_is_refused_and_told_why() {
    let hub = Hub::start().await;
    let stranger = Issuer::new(SigningKey::generate().unwrap());
    let claims = Claims {
        user: UserId::new("ada").unwrap(),
        tenant: TenantId::new("acme").unwrap(),
        ttl: Duration::from_secs(60),
    };
    let foreign = stranger.mint(&claims, base::now()).unwrap();
    let refused = hub.get("/documents").token(&foreign).send().await;
    refused.problem(401, "invalid-token");
    assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"context-hub\", error=\"invalid_token\"");
    let old = stranger.mint(&claims, Timestamp(0)).unwrap();
    hub.get("/documents").token(&old).send().await.problem(401, "invalid-token");
    hub.get("/documents").token("x.y.z").send().await.problem(401, "invalid-token");
    hub.stop().await;
}

#[tokio::test]
async fn a_tenant_never_reaches_anothers_documents() {
    let hub = Hub::start().await;
    let path = hub.text("x").await;
    let theirs = token("other", "ada");
    hub.get(&path).token(&theirs).send().await.problem(404, "not-found");
    let list = hub.get("/documents").token(&theirs).send().await;
    assert_eq!(list.json(), json!({"documents": [], "next_cursor": null}));
    hub.stop().await;
}

#[tokio::test]
async fn the_keys_are_published() {
    let hub = Hub::start().await;
    let jwks = hub.get("/.well-known/jwks.json").send().await;
    assert_eq!(jwks.status, 200);
    let key = &jwks.json()["keys"][0];
    assert_eq!((&key["kty"], &key["alg"], &key["use"]), (&json!("RSA"), &json!("RS256"), &json!("sig")));
    assert!(key.get("d").is_none(), "the private half stays at home");
    let header = token("acme", "ada").split('.').next().unwrap().to_owned();
    let header = jsonwebtoken::decode_header(format!("{header}.e30.x")).unwrap();
    assert_eq!(header.kid.as_deref(), key["kid"].as_str());
    hub.stop().await;
}
