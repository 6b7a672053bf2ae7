//! Edits in the forms that people and agents write elsewhere: JSON Patch, JSON Merge Patch, unified diff, search and
//! replace.
//!
//! Each is carried out on the content of the state that it names, which never changes, and so gives a whole new content:
//! that is written as `PUT` would, as a difference to the same state. What others wrote meanwhile is kept. Pure: from a
//! body and a content to a content or a problem that shows what was found instead.

mod content;
mod excerpt;
mod form;
mod json_patch;
mod merge_patch;
mod place;
mod search_replace;
mod unified;
mod work;

pub(crate) use form::{ACCEPT_PATCH, ACCEPTED, Form, form_of};
pub(crate) use search_replace::Body as SearchReplace;

use crate::gate::Pass;
use crate::problem::Problem;
use crate::request::json;
use crate::request::members::Members;
use ::json_patch::PatchOperation;
use base::json::exact;
use base::{Limits, Shape};
use search_replace::Replacement;
use serde::Deserialize;
use serde_json::Value;

/// An edit that makes a content out of a content.
#[derive(Debug)]
pub(crate) enum Patch {
    /// RFC 6902.
    Json(Vec<PatchOperation>),
    /// RFC 7396.
    Merge(Value),
    /// A unified diff.
    Unified(String),
    /// Search and replace.
    Search(Vec<Replacement>),
}

/// A patch, and the state that its body names, if it does.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub patch: Patch,
    pub version: Option<u64>,
    pub heads: Option<Vec<String>>,
}

/// Any JSON, with nothing dropped.
#[derive(Deserialize)]
#[serde(transparent)]
struct Exact(#[serde(deserialize_with = "exact")] Value);

/// Reads a body. `room` grows by what it takes.
pub(crate) fn decode(form: Form, body: &[u8], limits: &Limits, room: &mut Pass) -> Result<Decoded, Problem> {
    let patch = match form {
        Form::JsonPatch => {
            let Exact(list) = json::parse(body, limits, room)?;
            Patch::Json(json_patch::decode(list, limits)?)
        }
        Form::MergePatch => {
            let Exact(patch) = json::parse(body, limits, room)?;
            Patch::Merge(patch)
        }
        Form::Unified => Patch::Unified(unified::decode(body)?),
        Form::SearchReplace => {
            let Members(body) = json::parse(body, limits, room)?;
            return search_replace::decode(body, limits);
        }
    };
    Ok(Decoded { patch, version: None, heads: None })
}

impl Patch {
    /// Carries it out on the content of a document, as JSON text. `room` grows by what that takes.
    pub fn apply(
        self,
        shape: Shape,
        content: &[u8],
        limits: &Limits,
        room: &mut Pass,
    ) -> Result<Value, Problem> {
        let content = content::parse(content, limits, room)?;
        match self {
            Patch::Json(operations) => json_patch::apply(content, operations, limits, room),
            Patch::Merge(patch) => Ok(merge_patch::apply(content, &patch)),
            Patch::Unified(patch) => unified::apply(shape, content, &patch, limits, room),
            Patch::Search(replacements) => search_replace::apply(shape, content, &replacements, limits),
        }
    }
}
