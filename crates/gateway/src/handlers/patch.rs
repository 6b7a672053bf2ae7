//! `PATCH /documents/{id}`: operations, in order, against the state that they were made for.

use super::Call;
use super::write::{self, Asked};
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::respond::Outcome;
use crate::router::Guarded;
use rpc::{Edit, Op, Unit};
use schemars::JsonSchema;
use serde::Deserialize;

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
