//! `PATCH /documents/{id}`: operations, in order, against the state that they were made for.

use super::{Call, refused_write};
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::request::base::base_of;
use crate::request::conditions::Conditions;
use crate::respond::{self, Outcome};
use crate::router::Guarded;
use hyper::StatusCode;
use rpc::{Edit, Op, Unit, Write};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    ops: Vec<Op>,
    #[serde(default)]
    unit: Unit,
    version: Option<u64>,
    heads: Option<Vec<String>>,
}

pub(super) async fn answer(app: &App, mut call: Call) -> Outcome {
    let id = call.document()?;
    call.query(&[])?;
    let conditions = Conditions::of(&call.parts.headers)?;
    let (body, key) = call.json_edit(app, Guarded::Patch, Some(id)).await?;
    let Body { ops, unit, version, heads } = body;
    if ops.len() > app.limits.operations {
        let what = "the number of operations in one request";
        return Err(Problem::limit(Kind::TooManyOperations, what, app.limits.operations, Some(ops.len())));
    }
    let base = base_of(version, heads, &conditions)?;
    let refused = refused_write(key.key.clone());
    let edit = Edit::Operations { ops, unit };
    let write = Write { id, base, edit, precondition: conditions.for_write(), key };
    let seen = app.shards.write(call.caller(), write).await.map_err(refused)?;
    Ok(respond::document(StatusCode::OK, &seen))
}
