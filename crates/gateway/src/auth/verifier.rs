//! Checks tokens, and remembers those that passed.
//!
//! Verifying a signature costs tens of microseconds, so a token that passed is kept until it expires, in a cache with a
//! bound. Only tokens that passed are kept: a flood of bad ones costs processor time, never memory. Expiry is checked
//! on every use, against the time that the caller gives.

use super::PublicKey;
use super::claims::{HUB, Payload};
use base::{NameError, TenantId, Timestamp, UserId};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, Header, Validation};
use quick_cache::sync::Cache;
use rpc::Caller;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// How many tokens are remembered. Each takes about a kilobyte.
const REMEMBERED_MAX: usize = 16_384;

/// The longest token that is looked at. The hub's own have about 700 bytes.
pub(crate) const TOKEN_BYTES_MAX: usize = 8 << 10;

/// How far the clocks of two nodes may differ.
const LEEWAY_S: u64 = 30;

/// Checks tokens against a set of public keys.
pub struct Verifier {
    keys: Vec<PublicKey>,
    remembered: Cache<Box<str>, Arc<Verified>>,
}

/// What a good token vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Who asks.
    pub caller: Caller,
    /// From this moment on the token is refused; leeway is included.
    pub refused_from: Timestamp,
}

/// Why a token is refused. Says nothing that helps a forger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Not a JWT with the hub's claims.
    #[error("not a token of this hub: {reason}")]
    Malformed {
        /// What is missing or wrong.
        reason: String,
    },
    /// Another algorithm than RS256.
    #[error("tokens are signed with RS256")]
    Algorithm,
    /// A key that this hub does not have.
    #[error("the token is signed with a key that this hub does not have; ask for a new token")]
    UnknownKey,
    /// The signature is not that of the key.
    #[error("the signature does not match")]
    Signature,
    /// Made by or for something else.
    #[error("the token was made by or for something else (iss must be {HUB}, and aud name this use)")]
    Elsewhere,
    /// Its time is over.
    #[error("the token has expired; ask for a new one")]
    Expired,
    /// Made later than now.
    #[error("the token comes from the future; check the clocks")]
    FromTheFuture,
    /// `sub` or `tid` break the grammar of names.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl Verifier {
    /// A verifier that trusts these keys.
    pub fn from_keys(keys: impl IntoIterator<Item = PublicKey>) -> Verifier {
        let remembered = Cache::new(REMEMBERED_MAX);
        Verifier { keys: keys.into_iter().collect(), remembered }
    }

    /// Who the token speaks for, if it is good at `now`.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Verified>, Rejected> {
        if let Some(verified) = self.remembered.get(token) {
            return if now < verified.refused_from { Ok(verified) } else { self.forget(token) };
        }
        let verified = Arc::new(self.judge(token, now)?);
        self.remembered.insert(token.into(), verified.clone());
        Ok(verified)
    }

    /// The public keys, as `/.well-known/jwks.json` shows them.
    pub fn jwks(&self) -> JwkSet {
        JwkSet { keys: self.keys.iter().map(|key| key.jwk.clone()).collect() }
    }

    fn forget(&self, token: &str) -> Result<Arc<Verified>, Rejected> {
        self.remembered.remove(token);
        Err(Rejected::Expired)
    }

    fn judge(&self, token: &str, now: Timestamp) -> Result<Verified, Rejected> {
        let payload: Payload = self.decode(token, HUB)?;
        let refused_from = refused_from(payload.iat, payload.exp, now)?;
        let caller = Caller { tenant: TenantId::new(&payload.tid)?, user: UserId::new(&payload.sub)? };
        Ok(Verified { caller, refused_from })
    }

    /// The payload of a token that a key of the hub has signed for this audience. Its times are the caller's to judge.
    pub(super) fn decode<P: DeserializeOwned>(&self, token: &str, audience: &str) -> Result<P, Rejected> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Rejected::Malformed { reason: format!("longer than {TOKEN_BYTES_MAX} bytes") });
        }
        let key = self.key_of(&jsonwebtoken::decode_header(token).map_err(rejected)?)?;
        let decoded = jsonwebtoken::decode::<P>(token, &key.decoding, &validation(audience));
        Ok(decoded.map_err(rejected)?.claims)
    }

    fn key_of(&self, header: &Header) -> Result<&PublicKey, Rejected> {
        if header.alg != Algorithm::RS256 {
            return Err(Rejected::Algorithm);
        }
        // RFC 7515: who does not understand an extension that is marked critical refuses the token.
        if header.crit.is_some() {
            return Err(Rejected::Malformed { reason: "crit names an extension".to_owned() });
        }
        let kid = header.kid.as_deref().unwrap_or_default();
        self.keys.iter().find(|key| key.kid == kid).ok_or(Rejected::UnknownKey)
    }
}

fn validation(audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[HUB]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Time is judged against the caller's clock: for remembered tokens as for new ones.
    validation.validate_exp = false;
    validation
}

/// From when on a token with these times is refused, leeway included; it must be good now.
pub(super) fn refused_from(iat_s: u64, exp_s: u64, now: Timestamp) -> Result<Timestamp, Rejected> {
    let refused_from = Timestamp(exp_s.saturating_add(LEEWAY_S).saturating_mul(1_000));
    if now >= refused_from {
        return Err(Rejected::Expired);
    }
    if iat_s > (now.0 / 1_000).saturating_add(LEEWAY_S) {
        return Err(Rejected::FromTheFuture);
    }
    Ok(refused_from)
}

fn rejected(error: jsonwebtoken::errors::Error) -> Rejected {
    match error.kind() {
        ErrorKind::InvalidSignature | ErrorKind::Provider(_) => Rejected::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName | ErrorKind::UnsupportedAlgorithm => {
            Rejected::Algorithm
        }
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => Rejected::Elsewhere,
        _ => Rejected::Malformed { reason: error.to_string() },
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("keys", &self.keys).finish_non_exhaustive()
    }
}
