//! `GET /documents/{id}`: a document, now or at a point in its past, in one of several forms.

use super::{Call, INLINE_BYTES_MAX, aside, document};
use crate::app::App;
use crate::plain;
use crate::problem::{Kind, Problem};
use crate::request::base::parse_heads;
use crate::request::body::no_room;
use crate::request::conditions::Conditions;
use crate::request::format::{self, Format};
use crate::request::query::Query;
use crate::request::revision::{AT_LEAST, at_least};
use crate::respond::{self, Outcome};
use base::heads_tag;
use hyper::header::{CONTENT_DISPOSITION, HeaderMap, HeaderValue};
use hyper::{Request, StatusCode};
use rpc::{At, Caller, Export, Exported, Read, Seen};

/// The answer to a read of now, if the shard has it at hand. The hot path: nothing here waits.
pub(crate) fn at_once<B>(
    app: &App,
    caller: &Caller,
    name: Option<&str>,
    request: &Request<B>,
) -> Option<Outcome> {
    let headers = request.headers();
    if request.uri().query().is_some() || headers.contains_key(AT_LEAST) || !format::is_usual(headers) {
        return None;
    }
    let id = document(name?).ok()?;
    let seen = app.shards.peek(caller, id)?;
    Some(show(&seen, request.headers()))
}

pub(super) async fn answer(app: &App, mut call: Call) -> Outcome {
    let id = call.document()?;
    let (at, format) = {
        let query = call.query(&["version", "heads", "format"])?;
        (at(&query)?, format::wanted(query.get("format"), &call.parts.headers)?)
    };
    let at_least = at_least(&call.parts.headers, app.shards.shard_of(id))?;
    if format == Format::Automerge {
        return export(app, &call, Export { id, at }).await;
    }
    let seen = app.shards.read(call.caller(), Read { id, at, at_least }).await?;
    match format {
        Format::Text | Format::Numbered => show_lines(&mut call, seen, format).await,
        Format::Json | Format::Automerge => show(&seen, &call.parts.headers),
    }
}

fn show(seen: &Seen, headers: &HeaderMap) -> Outcome {
    let conditions = Conditions::of(headers)?;
    conditions.allow_read(&seen.view.tag)?;
    if conditions.not_modified(&seen.view.tag) {
        return Ok(respond::not_modified(&seen.view.tag, seen.revision));
    }
    Ok(respond::document(StatusCode::OK, seen))
}

/// What a byte of content takes at worst when it is laid out.
const LAID_OUT_PER_BYTE: usize = 20;

/// The content alone.
async fn show_lines(call: &mut Call, seen: Seen, format: Format) -> Outcome {
    let conditions = Conditions::of(&call.parts.headers)?;
    conditions.allow_read(&seen.view.tag)?;
    if conditions.not_modified(&seen.view.tag) {
        return Ok(respond::not_modified(&seen.view.tag, seen.revision));
    }
    // JSON is laid out in lines, each with its indent.
    if !call.room.grow(seen.view.content.len().saturating_mul(LAID_OUT_PER_BYTE)) {
        return Err(no_room());
    }
    let view = seen.view.clone();
    let make = move || {
        let lines = plain::lines(&view)?;
        Ok::<_, Problem>(if format == Format::Numbered { plain::numbered(&lines) } else { lines })
    };
    let lines = if seen.view.content.len() <= INLINE_BYTES_MAX { make() } else { aside(make).await? }?;
    let (tag, version) = (&seen.view.tag, seen.view.version);
    Ok(respond::form("text/plain; charset=utf-8", lines.into(), tag, version, seen.revision))
}

/// The file of Automerge.
async fn export(app: &App, call: &Call, export: Export) -> Outcome {
    let conditions = Conditions::of(&call.parts.headers)?;
    let id = export.id;
    let Exported { version, heads, file, revision } = app.shards.export(call.caller(), export).await?;
    let tag = heads_tag(&heads);
    conditions.allow_read(&tag)?;
    if conditions.not_modified(&tag) {
        return Ok(respond::not_modified(&tag, revision));
    }
    let mut answer = respond::form(format::AUTOMERGE, file, &tag, version, revision);
    let name = HeaderValue::try_from(format!("attachment; filename=\"{id}.automerge\""));
    answer.headers_mut().insert(CONTENT_DISPOSITION, name.expect("an id is visible ASCII"));
    Ok(answer)
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
