//! What `PUT` and `PATCH` share: an edit of one document, made against the state that the client names.

use super::{Call, refused_write};
use crate::app::App;
use crate::problem::Problem;
use crate::request::base::base_of;
use crate::request::conditions::Conditions;
use crate::respond::{self, Outcome};
use crate::router::Guarded;
use hyper::StatusCode;
use rpc::{Edit, Write};
use serde::de::DeserializeOwned;

/// What a body asks for.
pub(super) struct Asked {
    pub(super) edit: Edit,
    /// The state that it is made against, in either of two ways of naming one.
    pub(super) version: Option<u64>,
    pub(super) heads: Option<Vec<String>>,
}

/// Answers a verb that edits a document; `ask` says what its body means.
pub(super) async fn answer<B>(
    app: &App,
    mut call: Call,
    verb: Guarded,
    ask: impl FnOnce(B) -> Result<Asked, Problem>,
) -> Outcome
where
    B: DeserializeOwned + Send + 'static,
{
    let id = call.document()?;
    call.query(&[])?;
    let conditions = Conditions::of(&call.parts.headers)?;
    let (body, key) = call.json_edit(app, verb, Some(id)).await?;
    let Asked { edit, version, heads } = ask(body)?;
    let base = base_of(version, heads, &conditions)?;
    let refused = refused_write(key.key.clone());
    let write = Write { id, base, edit, precondition: conditions.for_write(), key };
    let seen = app.shards.write(call.caller(), write).await.map_err(refused)?;
    Ok(respond::written(StatusCode::OK, &seen, &call.parts.headers))
}
