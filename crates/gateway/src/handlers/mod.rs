//! One file for each verb; here they are found.

mod access;
mod create;
mod delete;
mod diff;
mod docs;
mod feed;
mod history;
mod import;
mod jwks;
mod list;
mod metadata;
mod metrics;
mod patch;
mod patched;
mod probes;
pub(crate) mod read;
mod replace;
mod restore;
mod root;
mod share;
mod ticket;
mod write;

pub(crate) use patch::operations;

use crate::app::App;
use crate::auth::Verified;
use crate::coding;
use crate::gate::Pass;
use crate::problem::{Kind, Problem};
use crate::request::edit_key::{self, Asked, HalfKey};
use crate::request::{body, json, members::Members, query::Query};
use crate::respond::Outcome;
use crate::router::{API_PREFIX, Found, Guarded, Open};
use crate::server::Activity;
use base::{DocId, Limits};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use rpc::{Caller, EditKey, Refusal};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The largest body that is taken apart where it arrived: that takes a millisecond or two at worst. Behind a larger one
/// other requests would wait too long.
pub(crate) const INLINE_BYTES_MAX: usize = 64 << 10;

/// The bodies that verbs take, for fuzzers.
pub(crate) mod bodies {
    pub(crate) use super::create::Body as Create;
    pub(crate) use super::diff::Body as Difference;
    pub(crate) use super::history::Page as History;
    pub(crate) use super::metadata::Body as Metadata;
    pub(crate) use super::patch::Body as Patch;
    pub(crate) use super::replace::Body as Replace;
    pub(crate) use super::restore::Body as Restore;
    pub(crate) use super::share::Body as Share;
    pub(crate) use super::ticket::{Body as Ticket, Made as TicketMade};
}

/// Answers a verb that everyone may ask for.
pub(crate) fn open(app: &App, verb: Open, name: Option<&str>, headers: &HeaderMap) -> Outcome {
    let name = name.unwrap_or_default();
    match verb {
        Open::Root => root::answer(),
        Open::Description => docs::openapi(),
        Open::Llms => docs::llms(),
        Open::Reference => docs::reference(),
        Open::Page => docs::page("", name, headers),
        Open::Record => docs::page("adr/", name, headers),
        Open::Runbook => docs::page("runbooks/", name, headers),
        Open::Live => probes::live(),
        Open::Ready => probes::ready(app),
        Open::Metrics => metrics::answer(app),
        Open::Jwks => jwks::answer(app),
        Open::Problems => docs::page("", "problems", headers),
        Open::Problem => docs::problem(name, headers),
    }
}

/// Answers a verb that takes a token.
pub(crate) async fn run(app: &App, verb: Guarded, call: Call) -> Outcome {
    match verb {
        Guarded::Create => create::answer(app, call).await,
        Guarded::List => list::answer(app, call).await,
        Guarded::Read => read::answer(app, call).await,
        Guarded::Replace => replace::answer(app, call).await,
        Guarded::Patch => patch::answer(app, call).await,
        Guarded::Delete => delete::answer(app, call).await,
        Guarded::Share => share::answer(app, call).await,
        Guarded::Access => access::answer(app, call).await,
        Guarded::History => history::answer(app, call).await,
        Guarded::Diff => diff::answer(app, call).await,
        Guarded::Restore => restore::answer(app, call).await,
        Guarded::SetMetadata => metadata::answer(app, call).await,
        Guarded::Changes => feed::changes(app, call).await,
        Guarded::Events => feed::events(app, call).await,
        Guarded::CreateTicket => ticket::create(app, call).await,
        Guarded::RevokeTicket => ticket::revoke(app, call).await,
    }
}

/// A request of a known caller.
pub(crate) struct Call {
    pub caller: Arc<Verified>,
    pub target: Target,
    pub parts: Parts,
    pub body: Incoming,
    /// What its body and the values in it take of the room for all bodies, given back when the request has been answered.
    pub room: Pass,
    /// Where the answer goes.
    pub connection: Arc<Activity>,
}

/// What a path names, on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// What varies in the path.
    name: String,
    /// What the client writes before `/documents`.
    pub prefix: &'static str,
}

impl Target {
    pub fn of(found: Found<'_>, path: &str) -> Target {
        let prefix = if path.starts_with(API_PREFIX) { API_PREFIX } else { "" };
        Target { name: found.name.unwrap_or_default().to_owned(), prefix }
    }

    /// What varies in the path, as it was sent.
    pub fn varying(&self) -> &str {
        &self.name
    }
}

impl Call {
    fn caller(&self) -> Caller {
        self.caller.caller.clone()
    }

    /// The document that the path names.
    fn document(&self) -> Result<DocId, Problem> {
        document(&self.target.name)
    }

    /// The parameters, which must be among `allowed`.
    fn query(&self, allowed: &[&str]) -> Result<Query<'_>, Problem> {
        Query::parse(self.parts.uri.query(), allowed)
    }

    /// The body of a verb that takes JSON, and the id of the edit that it asks for.
    async fn json_edit<T>(
        &mut self,
        app: &App,
        verb: Guarded,
        document: Option<DocId>,
    ) -> Result<(T, EditKey), Problem>
    where
        T: DeserializeOwned + Send + 'static,
    {
        match verb {
            Guarded::SetMetadata => json::require_merge_patch(&self.parts.headers)?,
            _ => json::require_json(&self.parts.headers)?,
        }
        let key = self.half_key(app, verb, document)?;
        let named = |body: &[u8], limits: &Limits, room: &mut Pass| {
            json::parse(body, limits, room).map(|Members(body)| body)
        };
        self.edit(app, key, named).await
    }

    /// The body of an edit as `decode` reads it, and the id of the edit.
    async fn edit<T: Send + 'static>(
        &mut self,
        app: &App,
        key: HalfKey,
        decode: impl FnOnce(&[u8], &Limits, &mut Pass) -> Result<T, Problem> + Send + 'static,
    ) -> Result<(T, EditKey), Problem> {
        let body = self.whole_body(app).await?;
        // The room goes along: it is taken as long as the work goes on, even if the client is gone meanwhile.
        let (limits, mut room) = (app.limits, self.room.take());
        let (bytes, decode) = (body.len(), move || {
            let decoded = decode(&body, &limits, &mut room);
            (decoded.map(|decoded| (decoded, key.with_body(&body))), room)
        });
        let (decoded, room) = if bytes <= INLINE_BYTES_MAX { decode() } else { aside(decode).await? };
        self.room = room;
        decoded
    }

    /// The body, as it was before it was encoded for the way. Its room is that of the call.
    async fn whole_body(&mut self, app: &App) -> Result<Bytes, Problem> {
        let Some(coding) = coding::Given::of(&self.parts.headers)? else {
            return body::read(&mut self.body, app.body_limits, &mut self.room).await;
        };
        // What came, and what the decoder keeps, take room only until there is what was meant.
        let mut passing = app.bodies.pass();
        let came = body::read(&mut self.body, app.body_limits, &mut passing).await?;
        let (limit, mut room) = (app.body_limits.bytes, self.room.take());
        let decode = move || (coding.decode(&came, limit, &mut passing, &mut room), room);
        let (decoded, room) = aside(decode).await?;
        self.room = room;
        decoded
    }

    /// The id of the edit that this asks for, but for its body.
    fn half_key(&self, app: &App, verb: Guarded, document: Option<DocId>) -> Result<HalfKey, Problem> {
        let asked = Asked { verb, document, headers: &self.parts.headers };
        edit_key::begin(asked, app.limits.idempotency_key_bytes)
    }
}

/// Does work that takes long on a thread where nobody waits behind it.
pub(crate) async fn aside<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Problem::new(Kind::Internal, "the body could not be taken apart").because(error.to_string())
    })
}

/// The document with this id. What is no id looks like what does not exist.
pub(crate) fn document(name: &str) -> Result<DocId, Problem> {
    let decoded = percent_decode_str(name).decode_utf8().map_err(|_| Problem::not_found())?;
    decoded.parse().map_err(|_| Problem::not_found())
}

/// The refusal of a write. Where asking again may help, it names the key under which that is the same edit.
pub(crate) fn refused_write(key: String) -> impl FnOnce(Refusal) -> Problem {
    move |refusal| {
        let problem = Problem::from(refusal);
        match problem.kind {
            Kind::OutcomeUnknown
            | Kind::ShardUnavailable
            | Kind::ShardBusy
            | Kind::DiskFull
            | Kind::Internal => problem.with("idempotency_key", key),
            _ => problem,
        }
    }
}
