//! `PUT /documents/{id}`: the whole new content, as a difference to the state that it was made against.

use super::Call;
use super::write::{self, Asked};
use crate::app::App;
use crate::respond::Outcome;
use crate::router::Guarded;
use base::json::exact;
use rpc::Edit;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "NewContent")]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    /// The whole new content.
    #[serde(deserialize_with = "exact")]
    content: Value,
    /// The version that it was made against.
    version: Option<u64>,
    /// The state that it was made against, instead of `version`.
    #[schemars(with = "Option<Vec<base::Hash>>", length(min = 1))]
    heads: Option<Vec<String>>,
}

pub(super) async fn answer(app: &App, call: Call) -> Outcome {
    let ask =
        |Body { content, version, heads }: Body| Ok(Asked { edit: Edit::Replace(content), version, heads });
    write::answer(app, call, Guarded::Replace, ask).await
}
