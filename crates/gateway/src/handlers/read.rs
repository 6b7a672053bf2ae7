//! `GET /documents/{id}`: a document, now or at a point in its past.

use super::{Call, document};
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::request::base::parse_heads;
use crate::request::conditions::Conditions;
use crate::request::query::Query;
use crate::request::revision::{AT_LEAST, at_least};
use crate::respond::{self, Outcome};
use hyper::header::HeaderMap;
use hyper::{Request, StatusCode};
use rpc::{At, Caller, Read, Seen};

/// The answer to a read of now, if the shard has it at hand. The hot path: nothing here waits.
pub(crate) fn at_once<B>(
    app: &App,
    caller: &Caller,
    name: Option<&str>,
    request: &Request<B>,
) -> Option<Outcome> {
    if request.uri().query().is_some() || request.headers().contains_key(AT_LEAST) {
        return None;
    }
    let id = document(name?).ok()?;
    let seen = app.shards.peek(caller, id)?;
    Some(show(&seen, request.headers()))
}

pub(super) async fn answer(app: &App, call: Call) -> Outcome {
    let id = call.document()?;
    let at = at(&call.query(&["version", "heads"])?)?;
    let at_least = at_least(&call.parts.headers, app.shards.shard_of(id))?;
    let seen = app.shards.read(call.caller(), Read { id, at, at_least }).await?;
    show(&seen, &call.parts.headers)
}

fn show(seen: &Seen, headers: &HeaderMap) -> Outcome {
    let conditions = Conditions::of(headers)?;
    conditions.allow_read(&seen.view.tag)?;
    if conditions.not_modified(&seen.view.tag) {
        return Ok(respond::not_modified(seen));
    }
    Ok(respond::document(StatusCode::OK, seen))
}

/// Which state a query names.
pub(super) fn at(query: &Query<'_>) -> Result<At, Problem> {
    match (query.number("version")?, query.get("heads")) {
        (None, None) => Ok(At::Now),
        (Some(version), None) => Ok(At::Version(version)),
        (None, Some(heads)) => {
            let heads = parse_heads(heads.split(',').filter(|_| !heads.is_empty()));
            heads
                .map(At::Heads)
                .map_err(|error| Problem::new(Kind::BadQuery, error.to_string()).with("parameter", "heads"))
        }
        (Some(_), Some(_)) => Err(Problem::new(Kind::BadQuery, "give either version or heads, not both")),
    }
}
