//! `POST /documents/{id}/share`: grants access or takes it away.

use super::{Call, refused_write};
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::render;
use crate::respond::{self, Outcome};
use crate::router::Guarded;
use base::{Level, UserId};
use hyper::StatusCode;
use rpc::Share;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Grant")]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    /// Whose access it is.
    #[schemars(with = "UserId")]
    principal: String,
    access_level: Grant,
}

/// The levels that can be granted. Ownership is not among them.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(rename = "GrantedLevel")]
#[serde(rename_all = "lowercase")]
enum Grant {
    None,
    Read,
    Write,
    Admin,
}

pub(super) async fn answer(app: &App, mut call: Call) -> Outcome {
    let id = call.document()?;
    call.query(&[])?;
    let (body, key) = call.json_edit(app, Guarded::Share, Some(id)).await?;
    let Body { principal, access_level } = body;
    let principal = UserId::new(&principal).map_err(|error| {
        Problem::new(Kind::InvalidBody, format!("principal: {error}")).with("member", "principal")
    })?;
    let refused = refused_write(key.key.clone());
    let share = Share { id, principal, level: access_level.level(), key };
    let access = app.shards.share(call.caller(), share).await.map_err(refused)?;
    Ok(respond::at(access.revision, respond::json(StatusCode::OK, &render::access(&access))))
}

impl Grant {
    fn level(self) -> Option<Level> {
        match self {
            Grant::None => None,
            Grant::Read => Some(Level::Read),
            Grant::Write => Some(Level::Write),
            Grant::Admin => Some(Level::Admin),
        }
    }
}
