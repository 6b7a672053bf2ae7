//! Who is asking: RS256 access tokens, made by an [`Issuer`] and checked by a [`Verifier`].
//!
//! A token is a JWT with the claims `iss`, `aud` (both `context-hub`), `sub` (the user), `tid` (the tenant), `iat`,
//! `exp` and `jti`, and its header names the key by `kid`. The algorithm is pinned: what a token says about `alg` is
//! never a choice. Tokens travel in the `Authorization` header alone; what travels in URLs and cookies is a [`Ticket`].

mod bearer;
mod claims;
mod issuer;
mod key;
mod ticket;
mod verifier;

pub(crate) use bearer::bearer;
pub use claims::Claims;
pub use issuer::{IssueError, Issuer};
pub use key::{KeyError, PublicKey, SigningKey};
pub(crate) use ticket::ticket_id;
pub use ticket::{Issued, Ticket, TicketClaims};
pub(crate) use verifier::TOKEN_BYTES_MAX;
pub use verifier::{Rejected, Verified, Verifier};

#[cfg(test)]
mod tests;
