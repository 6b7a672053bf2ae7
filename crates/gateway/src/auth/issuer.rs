//! Makes tokens.

use super::claims::{HUB, Payload};
use super::{Claims, SigningKey};
use base::Timestamp;
use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;
use std::time::Duration;

/// Signs tokens with one key.
#[derive(Debug)]
pub struct Issuer {
    key: SigningKey,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// A token must live at least one second, and end before the year 10000.
    #[error("a token lives at least one second, and ends before the year 10000")]
    Ttl,
    /// The key does not sign.
    #[error("the key does not sign")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

/// 10000-01-01T00:00:00Z in seconds since 1970.
const END_OF_TIME_S: u64 = 253_402_300_800;

impl Issuer {
    /// An issuer that signs with `key`.
    pub fn new(key: SigningKey) -> Issuer {
        Issuer { key }
    }

    /// A token for `claims`, valid from `now` on.
    pub fn mint(&self, claims: &Claims, now: Timestamp) -> Result<String, IssueError> {
        let (iat, exp) = span(claims.ttl, now)?;
        let payload = Payload {
            iss: HUB.to_owned(),
            aud: HUB.to_owned(),
            sub: claims.user.to_string(),
            tid: claims.tenant.to_string(),
            iat,
            exp,
            jti: uuid::Uuid::new_v4().to_string(),
        };
        self.sign(&payload)
    }

    /// A token with this payload.
    pub(super) fn sign(&self, payload: &impl Serialize) -> Result<String, IssueError> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.key.public().kid().to_owned());
        Ok(jsonwebtoken::encode(&header, payload, self.key.encoding())?)
    }

    /// The key that it signs with.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }
}

/// When a token that lives for `ttl` begins and ends, in seconds since 1970.
pub(super) fn span(ttl: Duration, now: Timestamp) -> Result<(u64, u64), IssueError> {
    let (iat, ttl) = (now.0 / 1_000, ttl.as_secs());
    let exp = iat.checked_add(ttl).filter(|exp| ttl > 0 && *exp < END_OF_TIME_S);
    Ok((iat, exp.ok_or(IssueError::Ttl)?))
}
