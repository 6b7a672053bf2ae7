//! Tickets: what a client that cannot send headers shows to `/sync`.
//!
//! A ticket is a token of its own audience, so that none is ever taken for an access token or the other way round. It
//! stands in a URL, which logs and proxies see: it opens sockets only, ends soon, can be taken back, and can be for
//! one time or for some documents alone.

use super::claims::HUB;
use super::issuer::{IssueError, Issuer};
use super::verifier::{Rejected, Verifier};
use base::{DocId, NAME_BYTES_MAX, Slot, TenantId, Timestamp, UserId};
use rpc::{Caller, TicketId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// The audience of every ticket.
pub(super) const AUDIENCE: &str = "context-hub/sync";

/// What to put into a new ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketClaims {
    /// Whose sockets it opens.
    pub caller: Caller,
    /// How long it lives.
    pub ttl: Duration,
    /// Whether it is good for one time only.
    pub once: bool,
    /// The documents that it is for; `None` for all that the user may reach.
    pub documents: Option<Vec<DocId>>,
}

/// A ticket that was made.
#[derive(Debug)]
pub struct Issued {
    /// To be shown.
    pub ticket: String,
    /// Its name, for taking it back.
    pub id: TicketId,
    /// When it ends.
    pub expires: Timestamp,
}

/// What a good ticket vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its name.
    pub id: TicketId,
    /// Whose it is.
    pub caller: Caller,
    /// From this moment on it is refused; leeway is included.
    pub refused_from: Timestamp,
    /// Whether it is good for one time only.
    pub once: bool,
    /// The documents that it is for; `None` for all.
    pub documents: Option<Arc<[DocId]>>,
}

/// The payload as it stands in the ticket.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    iss: String,
    aud: String,
    sub: String,
    tid: String,
    iat: u64,
    exp: u64,
    jti: uuid::Uuid,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    once: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    docs: Option<Vec<DocId>>,
}

impl Issuer {
    /// A ticket for `claims`, valid from `now` on.
    pub fn ticket(&self, claims: &TicketClaims, now: Timestamp) -> Result<Issued, IssueError> {
        let (iat, exp) = super::issuer::span(claims.ttl, now)?;
        let jti = uuid::Uuid::new_v4();
        let payload = Payload {
            iss: HUB.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: claims.caller.user.to_string(),
            tid: claims.caller.tenant.to_string(),
            iat,
            exp,
            jti,
            once: claims.once,
            docs: claims.documents.clone(),
        };
        let (id, expires) = (TicketId(*jti.as_bytes()), Timestamp(exp * 1_000));
        Ok(Issued { ticket: self.sign(&payload)?, id, expires })
    }
}

impl Issuer {
    /// As long a ticket as any for so many documents.
    pub(crate) fn longest_ticket(&self, documents: usize) -> Result<String, IssueError> {
        let name = "x".repeat(NAME_BYTES_MAX);
        let (tenant, user) = (TenantId::new(&name), UserId::new(&name));
        let (tenant, user) = (tenant.expect("the longest name"), user.expect("the longest name"));
        let caller = Caller { tenant, user };
        let document = DocId::mint(Slot::of_owner(&caller.tenant, &caller.user), [0xff; 16]);
        let documents = Some(vec![document; documents]);
        let claims = TicketClaims { caller, ttl: Duration::from_secs(1), once: true, documents };
        Ok(self.ticket(&claims, base::now())?.ticket)
    }
}

impl Verifier {
    /// What the ticket vouches for, if it is good at `now` as far as it says itself.
    pub fn verify_ticket(&self, ticket: &str, now: Timestamp) -> Result<Ticket, Rejected> {
        let payload: Payload = self.decode(ticket, AUDIENCE)?;
        let refused_from = super::verifier::refused_from(payload.iat, payload.exp, now)?;
        let caller = Caller { tenant: TenantId::new(&payload.tid)?, user: UserId::new(&payload.sub)? };
        let id = TicketId(*payload.jti.as_bytes());
        Ok(Ticket { id, caller, refused_from, once: payload.once, documents: payload.docs.map(Arc::from) })
    }
}

/// Reads the name of a ticket.
pub(crate) fn ticket_id(text: &str) -> Option<TicketId> {
    uuid::Uuid::try_parse(text).ok().map(|uuid| TicketId(*uuid.as_bytes()))
}
