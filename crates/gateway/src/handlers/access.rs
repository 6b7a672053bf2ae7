//! `GET /documents/{id}/access`: who may do what.

use super::Call;
use crate::app::App;
use crate::render;
use crate::respond::{self, Outcome};
use hyper::StatusCode;

pub(super) async fn answer(app: &App, call: Call) -> Outcome {
    let id = call.document()?;
    call.query(&[])?;
    let access = app.shards.access(call.caller(), id).await?;
    Ok(respond::at(access.revision, respond::json(StatusCode::OK, &render::access(&access))))
}
