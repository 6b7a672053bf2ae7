//! What a token says.

use base::{TenantId, UserId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The issuer and the audience of every token of a hub.
pub(crate) const HUB: &str = "context-hub";

/// What to put into a new token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who it speaks for.
    pub user: UserId,
    /// The tenant of that user.
    pub tenant: TenantId,
    /// How long it lives.
    pub ttl: Duration,
}

/// The payload as it stands in the token; times are seconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub iss: String,
    pub aud: String,
    pub sub: String,
    pub tid: String,
    pub iat: u64,
    pub exp: u64,
    pub jti: String,
}
