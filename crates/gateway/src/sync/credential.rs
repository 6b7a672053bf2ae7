//! Who comes to a socket: the bearer of an access token or of a ticket.
//!
//! Three places, in this order: `Authorization: Bearer <token>`, for programs; `?ticket=`, for clients that can choose
//! nothing but a URL; the cookie [`COOKIE`], which holds a ticket, for pages of the hub's own origin. Browsers send
//! cookies along for any page that asks, so that one counts only if `Origin` names the host that was asked.

use crate::app::App;
use crate::auth::{Rejected, Ticket, bearer};
use crate::request::query::Query;
use crate::socket::{Close, Code};
use base::{DocId, Timestamp};
use hyper::Request;
use hyper::header::{AUTHORIZATION, COOKIE as COOKIES, HOST, HeaderMap, ORIGIN};
use rpc::{Caller, Redeem};
use std::sync::Arc;

/// The name of the cookie.
pub(crate) const COOKIE: &str = "context-hub-ticket";

/// What a credential allows.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub caller: Caller,
    /// From when on it is over.
    pub refused_from: Timestamp,
    /// The ticket, if it is one: the log has a say in whether it is good.
    pub ticket: Option<Redeem>,
    /// The documents that it is for; `None` for all.
    documents: Option<Arc<[DocId]>>,
}

impl Grant {
    /// Whether it is for this document. Whether the user may reach that is the shard's to say.
    pub fn covers(&self, id: DocId) -> bool {
        self.documents.as_ref().is_none_or(|documents| documents.contains(&id))
    }
}

impl From<Ticket> for Grant {
    fn from(ticket: Ticket) -> Grant {
        let Ticket { id, caller, refused_from, once, documents } = ticket;
        Grant { caller, refused_from, ticket: Some(Redeem { id, once, expires: refused_from }), documents }
    }
}

/// The credential of a request for a socket.
pub(crate) fn credential<B>(app: &App, request: &Request<B>, now: Timestamp) -> Result<Grant, Close> {
    let headers = request.headers();
    let query = Query::parse(request.uri().query(), &["ticket"])
        .map_err(|problem| Close::new(Code::Protocol, problem.detail))?;
    let ticket = |ticket: &str| app.verifier.verify_ticket(ticket, now).map(Grant::from).map_err(refused);
    if headers.contains_key(AUTHORIZATION) {
        let token = bearer(headers)
            .ok_or_else(|| Close::new(Code::Credential, "send one Authorization: Bearer <token>"))?;
        let verified = app.verifier.verify(token, now).map_err(refused)?;
        let (caller, refused_from) = (verified.caller.clone(), verified.refused_from);
        return Ok(Grant { caller, refused_from, ticket: None, documents: None });
    }
    if let Some(given) = query.get("ticket") {
        return ticket(given);
    }
    let given = cookie(headers).ok_or_else(nothing)?;
    if !same_origin(headers) {
        return Err(Close::new(Code::Credential, "a cookie counts only on pages of the hub's own origin"));
    }
    ticket(given)
}

fn refused(rejected: Rejected) -> Close {
    Close::new(Code::Credential, rejected.to_string())
}

fn nothing() -> Close {
    Close::new(Code::Credential, "a credential is needed: ?ticket= from POST /sync-tickets, or Authorization")
}

/// The value of the cookie, if there is one.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIES).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// Whether the page that asks came from the host that is asked.
fn same_origin(headers: &HeaderMap) -> bool {
    let one = |name| {
        let mut values = headers.get_all(name).into_iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    };
    // The scheme is the proxy's business: behind one that ends TLS the hub sees none of it.
    let origin = one(ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let (Some(origin), Some(host)) = (origin, one(HOST)) else { return false };
    origin.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found = |line| cookie(&headers(&[(COOKIES, line)])).map(str::to_owned);
        assert_eq!(found("a=b; context-hub-ticket=x.y.z; c=d").as_deref(), Some("x.y.z"));
        assert_eq!(found("xcontext-hub-ticket=x"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn a_cookie_needs_a_page_of_the_same_host() {
        let same = |origin, host| same_origin(&headers(&[(ORIGIN, origin), (HOST, host)]));
        assert!(same("https://hub.example", "hub.example"));
        assert!(same("http://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(!same("https://evil.example", "hub.example"));
        assert!(!same("https://hub.example.evil", "hub.example"));
        assert!(!same("https://hub.example:444", "hub.example"));
        assert!(!same("null", "hub.example"));
        assert!(!same_origin(&headers(&[(HOST, "hub.example")])));
    }
}
