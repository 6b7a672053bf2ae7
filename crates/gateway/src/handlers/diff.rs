//! `GET /documents/{id}/diff`: how one state of a document becomes another, as operations and as text.

use super::{Call, aside};
use crate::app::App;
use crate::plain::{self, INLINE_WORK_BYTES};
use crate::problem::{Kind, Problem};
use crate::request::base::parse_heads;
use crate::request::body::no_room;
use crate::request::query::Query;
use crate::respond::{self, Outcome};
use base::{Hash, Op};
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use rpc::{At, Compare, Comparison, View};
use schemars::JsonSchema;
use serde::Serialize;

/// How one state of a document becomes another.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Difference")]
pub(crate) struct Body<'a> {
    from: State<'a>,
    to: State<'a>,
    /// Operations in the words of an edit, for a plain copy. (An edit takes them too, but for a `splice` of what a CRDT library
    /// wrote as an immutable string.)
    ops: &'a [Op],
    /// The same as a unified diff of the content, which is laid out in lines if it is JSON.
    unified: &'a str,
}

/// A state of a document.
#[derive(Serialize, JsonSchema)]
struct State<'a> {
    /// Not there for heads that no version ended with, or none of the newest 16,384.
    version: Option<u64>,
    heads: &'a [Hash],
}

/// What a byte of content takes at worst while both states are laid out in lines, compared and printed.
const MEMORY_PER_BYTE: usize = 32;

pub(super) async fn answer(app: &App, mut call: Call) -> Outcome {
    let id = call.document()?;
    let query = call.query(&["from", "to"])?;
    let from = state(&query, "from")?.ok_or_else(|| {
        let detail = "say from which version on: ?from=1, and ?to=3 if it is not up to the newest";
        Problem::new(Kind::BadQuery, detail).with("parameter", "from")
    })?;
    let to = state(&query, "to")?.unwrap_or(At::Now);
    let comparison = app.shards.compare(call.caller(), Compare { id, from, to }).await?;
    let bytes = comparison.from.content.len() + comparison.to.content.len();
    if !call.room.grow(bytes.saturating_mul(MEMORY_PER_BYTE)) {
        return Err(no_room());
    }
    let revision = comparison.revision;
    let make = move || written(&comparison);
    let mut answer = if bytes <= INLINE_WORK_BYTES { make() } else { aside(make).await? }?;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(respond::at(revision, answer))
}

/// A state: its version, or its heads with commas between them.
fn state(query: &Query<'_>, name: &'static str) -> Result<Option<At>, Problem> {
    let Some(text) = query.get(name) else { return Ok(None) };
    if let Ok(version) = text.parse() {
        return Ok(Some(At::Version(version)));
    }
    let heads = parse_heads(text.split(',').filter(|_| !text.is_empty()));
    let bad = |error| {
        let detail = format!("{name} is the number of a version, or heads: {error}");
        Problem::new(Kind::BadQuery, detail).with("parameter", name)
    };
    heads.map(|heads| Some(At::Heads(heads))).map_err(bad)
}

fn written(comparison: &Comparison) -> Outcome {
    let Comparison { from, to, ops, .. } = comparison;
    let (old, new) = (plain::lines(from)?, plain::lines(to)?);
    let unified = plain::unified(&old, &new, &title(from), &title(to));
    let body = Body { from: named(from), to: named(to), ops, unified: &unified };
    Ok(respond::json(StatusCode::OK, &body))
}

fn named(view: &View) -> State<'_> {
    State { version: (view.version > 0).then_some(view.version), heads: &view.heads }
}

/// What a state is called in a unified diff.
fn title(view: &View) -> String {
    match view.version {
        0 => format!("heads {}", view.heads.iter().map(Hash::to_string).collect::<Vec<_>>().join(",")),
        version => format!("version {version}"),
    }
}
