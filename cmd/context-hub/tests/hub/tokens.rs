//! Tokens: made beside the hub, checked by it, and by anyone who has its public keys.

use crate::support::{TENANT, TestHub, context_hub};
use base::{TenantId, Timestamp, UserId};
use gateway::auth::{Claims, Issuer, SigningKey};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde_json::Value;
use std::time::Duration;

/// `{"alg":"none","typ":"JWT"}`.
const NO_ALGORITHM: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";

fn claims() -> Claims {
    let (user, tenant) = (UserId::new("ada").unwrap(), TenantId::new(TENANT).unwrap());
    Claims { user, tenant, ttl: Duration::from_secs(1) }
}

/// What a token says, checked with the keys that the hub publishes.
async fn verified(hub: &TestHub, token: &str) -> Value {
    let published = hub.anyone().get("/.well-known/jwks.json").send().await;
    let keys: JwkSet = serde_json::from_value(published.json(200)).unwrap();
    let kid = decode_header(token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let mut expected = Validation::new(Algorithm::RS256);
    expected.set_issuer(&["context-hub"]);
    expected.set_audience(&["context-hub"]);
    decode(token, &key, &expected).unwrap().claims
}

#[tokio::test]
async fn a_token_from_the_command_line_is_good_for_whom_it_names() {
    let hub = TestHub::start().await;
    let words = ["token", "--user", "ada@example.org", "--tenant", "acme", "--ttl", "90s"];
    let minted = context_hub(hub.data_dir(), &words, &[]).await;
    assert!(minted.success, "{minted:?}");
    let token = minted.out.trim();
    let says = verified(&hub, token).await;
    assert_eq!((&says["sub"], &says["tid"]), (&"ada@example.org".into(), &"acme".into()));
    assert_eq!(says["exp"].as_u64().unwrap() - says["iat"].as_u64().unwrap(), 90);
    let ada = hub.bearer(token);
    let path = ada.text("mine").await;
    assert_eq!(ada.read(&path).await["owner"], "ada@example.org");
    assert_eq!(hub.user("ada@example.org").content(&path).await, "mine");

    assert_eq!(verified(&hub, hub.owner().token()).await["sub"], "owner");
    let published = hub.anyone().get("/.well-known/jwks.json").send().await.json(200);
    let members: Vec<_> = published["keys"][0].as_object().unwrap().keys().collect();
    assert!(
        members.iter().all(|member| !["d", "p", "q", "dp", "dq", "qi"].contains(&member.as_str())),
        "{members:?}"
    );
}

#[tokio::test]
async fn tokens_that_are_not_good_are_refused() {
    let hub = TestHub::start().await;
    let good = hub.user("ada").token().to_owned();
    let issuer = Issuer::new(SigningKey::load(&hub.data_dir().join("signing-key.pem")).unwrap());
    let mint = |at_s: u64| issuer.mint(&claims(), Timestamp(at_s * 1_000)).unwrap();
    let now_s = base::now().0 / 1_000;
    let stranger = Issuer::new(SigningKey::generate().unwrap()).mint(&claims(), base::now()).unwrap();
    let [head, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let [_, others_payload, _] = stranger.split('.').collect::<Vec<_>>().try_into().unwrap();
    let refused = [
        ("one that ended before the leeway of clocks", mint(now_s - 60)),
        ("one from the future", mint(now_s + 3_600)),
        ("one of another key", stranger.clone()),
        ("one with the signature of another", format!("{head}.{others_payload}.{signature}")),
        ("one that is not signed", format!("{NO_ALGORITHM}.{payload}.")),
        ("one without a signature", format!("{head}.{payload}.")),
        ("one signed with what everyone knows", signed_with_the_public_key(&hub, &good).await),
        ("no token at all", "hello".to_owned()),
    ];
    for (which, token) in refused {
        let reply = hub.bearer(&token).get("/documents").send().await;
        reply.problem(401, "invalid-token");
        assert!(reply.header("www-authenticate").contains("invalid_token"), "{which}");
    }
    assert_eq!(hub.bearer(&good).get("/documents").send().await.status, 200);
}

/// The oldest trick: the public key as the secret of a symmetric algorithm.
async fn signed_with_the_public_key(hub: &TestHub, good: &str) -> String {
    let says = verified(hub, good).await;
    let keys = hub.anyone().get("/.well-known/jwks.json").send().await.json(200);
    let mut header = Header::new(Algorithm::HS256);
    header.kid = decode_header(good).unwrap().kid;
    encode(&header, &says, &EncodingKey::from_secret(keys["keys"][0]["n"].as_str().unwrap().as_bytes()))
        .unwrap()
}

#[tokio::test]
async fn a_token_is_read_in_one_place_only() {
    let hub = TestHub::start().await;
    let (ada, anyone) = (hub.user("ada"), hub.anyone());
    let path = ada.text("x").await;
    let token = ada.token();
    anyone.get(&path).send().await.problem(401, "unauthenticated");
    anyone.get(&format!("{path}?access_token={token}")).send().await.problem(401, "unauthenticated");
    let refused = anyone.get(&path).header("authorization", &format!("Basic {token}")).send().await;
    refused.problem(401, "unauthenticated");
    let twice = ada.get(&path).header("authorization", &format!("Bearer {token}")).send().await;
    twice.problem(401, "unauthenticated");
    let lower = anyone.get(&path).header("authorization", &format!("bearer {token}")).send().await;
    assert_eq!(lower.status, 200, "schemes have no case");
}

#[tokio::test]
async fn the_command_line_refuses_what_makes_no_token() {
    let hub = TestHub::start().await;
    let refused = async |words: &[&str], why: &str| {
        let words = [&["token"], words].concat();
        let finished = context_hub(hub.data_dir(), &words, &[]).await;
        assert!(!finished.success && finished.err.contains(why), "{words:?}: {finished:?}");
        assert_eq!(finished.out, "");
    };
    refused(&["--user", "two words"], "user ids hold").await;
    refused(&["--user", "ada", "--ttl", "5"], "write 90s, 15m, 12h or 30d").await;
    refused(&["--user", "ada", "--ttl", "0s"], "at least one second").await;
    refused(&["--ttl", "5s"], "--user").await;
    refused(&["--user", "ada", "--data-dir", "/nonexistent"], "start the hub once").await;
}
