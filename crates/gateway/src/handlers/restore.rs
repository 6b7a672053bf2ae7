//! `POST /documents/{id}/restore`: makes the content what it was, by an edit that goes forward.
//!
//! It is an edit of the state that is the newest when it is asked for: what others write while it is on its way merges with it,
//! and nothing is taken out of the history.

use super::{Call, INLINE_BYTES_MAX, aside, refused_write};
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::request::base::parse_heads;
use crate::request::conditions::Conditions;
use crate::request::json;
use crate::respond::{self, Outcome};
use crate::router::Guarded;
use base::json::exact;
use bytes::Bytes;
use hyper::StatusCode;
use rpc::{At, Base, Edit, Read, Write};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// The state to come back to, in either of two ways of naming one.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Restore")]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    version: Option<u64>,
    heads: Option<Vec<String>>,
}

/// Content as the hub renders it.
#[derive(Deserialize)]
#[serde(transparent)]
struct Content(#[serde(deserialize_with = "exact")] Value);

pub(super) async fn answer(app: &App, mut call: Call) -> Outcome {
    let id = call.document()?;
    call.query(&[])?;
    let conditions = Conditions::of(&call.parts.headers)?;
    let (body, key) = call.json_edit(app, Guarded::Restore, Some(id)).await?;
    let wanted = wanted(body)?;
    // An attempt before this one may have been done: whoever comes again is told its key, whatever fails.
    let refused = || refused_write(key.key.clone());
    let read = |at| app.shards.read(call.caller(), Read { id, at, at_least: None });
    let then = read(wanted).await.map_err(refused())?;
    let now = read(At::Now).await.map_err(refused())?;
    let content = content(app, &mut call, then.view.content.clone()).await?;
    let refused = refused();
    let write = Write {
        id,
        base: Base::Version(now.view.version),
        edit: Edit::Replace(content),
        precondition: conditions.for_write(),
        key,
    };
    let seen = app.shards.write(call.caller(), write).await.map_err(refused)?;
    Ok(respond::written(StatusCode::OK, &seen, &call.parts.headers))
}

fn wanted(body: Body) -> Result<At, Problem> {
    match body {
        Body { version: Some(version), heads: None } => Ok(At::Version(version)),
        Body { version: None, heads: Some(heads) } => {
            let heads = parse_heads(heads.iter().map(String::as_str));
            heads
                .map(At::Heads)
                .map_err(|error| Problem::new(Kind::InvalidBody, error.to_string()).with("member", "heads"))
        }
        _ => {
            let detail = "give the state to come back to: either \"version\" or \"heads\"";
            Err(Problem::new(Kind::InvalidBody, detail))
        }
    }
}

/// The content as a value, under the same limits as one that a client sends.
async fn content(app: &App, call: &mut Call, bytes: Bytes) -> Result<Value, Problem> {
    let (limits, mut room) = (app.limits, call.room.take());
    let inline = bytes.len() <= INLINE_BYTES_MAX;
    let parse = move || {
        let parsed = json::parse::<Content>(&bytes, &limits, &mut room);
        (parsed.map(|Content(value)| value), room)
    };
    let (parsed, room) = if inline { parse() } else { aside(parse).await? };
    call.room = room;
    parsed
}
