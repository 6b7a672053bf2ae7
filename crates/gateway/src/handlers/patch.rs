//! `PATCH /documents/{id}`: an edit in one of the forms that there are, against the state that it was made for.

use super::write::{self, Asked};
use super::{Call, patched};
use crate::app::App;
use crate::patch::form_of;
use crate::problem::{Kind, Problem};
use crate::respond::Outcome;
use crate::router::Guarded;
use rpc::{Edit, Op, Unit};
use schemars::JsonSchema;
use serde::Deserialize;

/// Operations of the hub's own, in order.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Edit")]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    /// What is to be done, in order.
    ops: Vec<Op>,
    #[serde(default)]
    unit: Unit,
    /// The version that it was made against.
    version: Option<u64>,
    /// The state that it was made against, instead of `version`.
    #[schemars(with = "Option<Vec<base::Hash>>", length(min = 1))]
    heads: Option<Vec<String>>,
}

pub(super) async fn answer(app: &App, call: Call) -> Outcome {
    if let Some(form) = form_of(&call.parts.headers)? {
        return patched::answer(app, call, form).await;
    }
    let limit = app.limits.operations;
    let ask = |Body { ops, unit, version, heads }: Body| {
        Ok(Asked { edit: operations(ops, unit, limit)?, version, heads })
    };
    write::answer(app, call, Guarded::Patch, ask).await
}

/// An edit by operations, if they are not too many.
pub(crate) fn operations(ops: Vec<Op>, unit: Unit, limit: usize) -> Result<Edit, Problem> {
    if ops.len() > limit {
        let what = "the number of operations in one request";
        return Err(Problem::limit(Kind::TooManyOperations, what, limit, Some(ops.len())));
    }
    Ok(Edit::Operations { ops, unit })
}
