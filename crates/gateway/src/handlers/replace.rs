//! `PUT /documents/{id}`: the whole new content, as a difference to the state that it was made against.

use super::{Call, refused_write};
use crate::app::App;
use crate::request::base::base_of;
use crate::request::conditions::Conditions;
use crate::respond::{self, Outcome};
use crate::router::Guarded;
use base::json::exact;
use hyper::StatusCode;
use rpc::{Edit, Write};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    #[serde(deserialize_with = "exact")]
    content: Value,
    version: Option<u64>,
    heads: Option<Vec<String>>,
}

pub(super) async fn answer(app: &App, mut call: Call) -> Outcome {
    let id = call.document()?;
    call.query(&[])?;
    let conditions = Conditions::of(&call.parts.headers)?;
    let (body, key) = call.json_edit(app, Guarded::Replace, Some(id)).await?;
    let Body { content, version, heads } = body;
    let base = base_of(version, heads, &conditions)?;
    let refused = refused_write(key.key.clone());
    let write = Write { id, base, edit: Edit::Replace(content), precondition: conditions.for_write(), key };
    let seen = app.shards.write(call.caller(), write).await.map_err(refused)?;
    Ok(respond::document(StatusCode::OK, &seen))
}
