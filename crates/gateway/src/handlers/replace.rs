//! `PUT /documents/{id}`: the whole new content, as a difference to the state that it was made against.

use super::Call;
use super::write::{self, Asked};
use crate::app::App;
use crate::respond::Outcome;
use crate::router::Guarded;
use base::json::exact;
use rpc::Edit;
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

pub(super) async fn answer(app: &App, call: Call) -> Outcome {
    let ask =
        |Body { content, version, heads }: Body| Ok(Asked { edit: Edit::Replace(content), version, heads });
    write::answer(app, call, Guarded::Replace, ask).await
}
