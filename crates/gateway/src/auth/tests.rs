//! Tokens as a hub meets them: its own, expired ones, and forgeries of every kind.

use super::claims::Payload;
use super::*;
use base::{TenantId, Timestamp, UserId};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use std::sync::LazyLock;
use std::time::Duration;

// Making keys is slow; two serve every test.
static OURS: LazyLock<Issuer> = LazyLock::new(|| Issuer::new(SigningKey::generate().unwrap()));
static THEIRS: LazyLock<Issuer> = LazyLock::new(|| Issuer::new(SigningKey::generate().unwrap()));

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn verifier() -> Verifier {
    Verifier::from_keys([OURS.key().public().clone()])
}

fn claims() -> Claims {
    Claims {
        user: UserId::new("ada").unwrap(),
        tenant: TenantId::new("acme").unwrap(),
        ttl: Duration::from_secs(60),
    }
}

fn payload() -> Payload {
    Payload {
        iss: "context-hub".into(),
        aud: "context-hub".into(),
        sub: "ada".into(),
        tid: "acme".into(),
        iat: NOW.0 / 1_000,
        exp: NOW.0 / 1_000 + 60,
        jti: "1".into(),
    }
}

fn header() -> Header {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(OURS.key().public().kid().to_owned());
    header
}

fn signed(header: &Header, payload: &Payload) -> String {
    jsonwebtoken::encode(header, payload, OURS.key().encoding()).unwrap()
}

fn after(seconds: u64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1_000)
}

#[test]
fn a_minted_token_names_its_caller() {
    let verified = verifier().verify(&OURS.mint(&claims(), NOW).unwrap(), NOW).unwrap();
    assert_eq!(verified.caller.user.as_str(), "ada");
    assert_eq!(verified.caller.tenant.as_str(), "acme");
    assert_eq!(verified.refused_from, after(60 + 30));
}

#[test]
fn expiry_is_honoured_for_new_and_for_remembered_tokens() {
    let (verifier, token) = (verifier(), OURS.mint(&claims(), NOW).unwrap());
    assert_eq!(verifier.verify(&token, after(90)), Err(Rejected::Expired));
    assert!(verifier.verify(&token, after(89)).is_ok());
    assert_eq!(verifier.verify(&token, after(90)), Err(Rejected::Expired));
    assert_eq!(verifier.verify(&token, after(90)), Err(Rejected::Expired));
}

#[test]
fn another_key_is_refused_even_under_our_name() {
    let foreign = THEIRS.mint(&claims(), NOW).unwrap();
    assert_eq!(verifier().verify(&foreign, NOW), Err(Rejected::UnknownKey));
    let forged = jsonwebtoken::encode(&header(), &payload(), THEIRS.key().encoding()).unwrap();
    assert_eq!(verifier().verify(&forged, NOW), Err(Rejected::Signature));
}

#[test]
fn the_algorithm_is_not_the_tokens_choice() {
    let mut symmetric = header();
    symmetric.alg = Algorithm::HS256;
    let secret = EncodingKey::from_secret(OURS.key().public().kid().as_bytes());
    let token = jsonwebtoken::encode(&symmetric, &payload(), &secret).unwrap();
    assert_eq!(verifier().verify(&token, NOW), Err(Rejected::Algorithm));
    // {"alg":"none"} and an empty signature.
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", token.split('.').nth(1).unwrap());
    assert!(matches!(
        verifier().verify(&unsigned, NOW),
        Err(Rejected::Malformed { .. } | Rejected::Algorithm)
    ));
}

#[test]
fn claims_are_checked_one_by_one() {
    type Case = (fn(&mut Payload), fn(&Rejected) -> bool);
    let cases: [Case; 6] = [
        (|p| p.iss = "else".into(), |r| *r == Rejected::Elsewhere),
        (|p| p.aud = "else".into(), |r| *r == Rejected::Elsewhere),
        (|p| p.sub = "group:x".into(), |r| matches!(r, Rejected::Name(_))),
        (|p| p.tid = String::new(), |r| matches!(r, Rejected::Name(_))),
        (|p| p.iat += 31, |r| *r == Rejected::FromTheFuture),
        (|p| p.exp = 0, |r| *r == Rejected::Expired),
    ];
    for (spoil, expected) in cases {
        let mut payload = payload();
        spoil(&mut payload);
        let rejected = verifier().verify(&signed(&header(), &payload), NOW).unwrap_err();
        assert!(expected(&rejected), "{rejected:?} for {payload:?}");
    }
}

#[test]
fn a_critical_extension_is_refused() {
    let mut critical = header();
    critical.crit = Some(vec!["x".into()]);
    let rejected = verifier().verify(&signed(&critical, &payload()), NOW);
    assert!(matches!(rejected, Err(Rejected::Malformed { .. })));
}

#[test]
fn a_changed_token_is_refused() {
    let token = OURS.mint(&claims(), NOW).unwrap();
    let verifier = verifier();
    verifier.verify(&token, NOW).unwrap();
    // The last character of a signature holds padding bits, so it is left alone.
    for at in (0..token.len() - 1).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        assert!(verifier.verify(std::str::from_utf8(&bytes).unwrap(), NOW).is_err(), "byte {at}");
    }
    assert!(verifier.verify(&"x".repeat(9_000), NOW).is_err());
}

#[test]
fn a_ttl_of_nothing_or_of_aeons_is_refused() {
    for ttl in [Duration::ZERO, Duration::from_secs(u64::MAX)] {
        assert!(matches!(OURS.mint(&Claims { ttl, ..claims() }, NOW), Err(IssueError::Ttl)));
    }
}

#[test]
fn the_published_set_holds_public_parts_only() {
    let set = serde_json::to_value(verifier().jwks()).unwrap();
    let key = set["keys"][0].as_object().unwrap();
    let mut members: Vec<_> = key.keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
}
