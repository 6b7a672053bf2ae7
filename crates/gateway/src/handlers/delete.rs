//! `DELETE /documents/{id}`: for good. What is deleted looks like what never was.

use super::{Call, refused_write};
use crate::app::App;
use crate::request::conditions::Conditions;
use crate::respond::{self, Outcome};
use crate::router::Guarded;
use hyper::StatusCode;
use rpc::Delete;

pub(super) async fn answer(app: &App, call: Call) -> Outcome {
    let id = call.document()?;
    call.query(&[])?;
    let precondition = Conditions::of(&call.parts.headers)?.for_write();
    let key = call.half_key(app, Guarded::Delete, Some(id))?.with_body(&[]);
    let refused = refused_write(key.key.clone());
    let gone = app.shards.delete(call.caller(), Delete { id, precondition, key }).await.map_err(refused)?;
    Ok(respond::at(gone, respond::empty(StatusCode::NO_CONTENT)))
}
