//! The media types of patches.

use crate::problem::{Kind, Problem};
use crate::request::json;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

/// The header that names the media types of patches (RFC 5789).
pub(crate) const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

const OPERATIONS: &str = "application/json";
const SEARCH_REPLACE: &str = "application/vnd.context-hub.search-replace+json";

/// The value of [`ACCEPT_PATCH`]: everything that `PATCH` takes, the hub's own operations first.
pub(crate) const ACCEPTED: &str = "application/json, application/json-patch+json, application/merge-patch+json, \
                                   text/x-diff, text/x-patch, application/vnd.context-hub.search-replace+json";

/// What a patch is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON Patch, RFC 6902.
    JsonPatch,
    /// JSON Merge Patch, RFC 7396.
    MergePatch,
    /// A unified diff.
    Unified,
    /// Search and replace, with the number of places that are expected.
    SearchReplace,
}

impl Form {
    /// Its name, as part of an edit's fingerprint: never change one.
    pub fn name(self) -> &'static str {
        match self {
            Form::JsonPatch => "json-patch",
            Form::MergePatch => "merge-patch",
            Form::Unified => "unified",
            Form::SearchReplace => "search-replace",
        }
    }

    /// Whether its body says which state it was made against. The others are what a standard says, and have no place for
    /// it: their state is named in the query.
    pub fn names_its_state(self) -> bool {
        self == Form::SearchReplace
    }
}

/// The form of the body that these headers announce; `None` for the hub's own operations.
pub(crate) fn form_of(headers: &HeaderMap) -> Result<Option<Form>, Problem> {
    Ok(match json::media_type(headers).as_str() {
        OPERATIONS => None,
        "application/json-patch+json" => Some(Form::JsonPatch),
        "application/merge-patch+json" => Some(Form::MergePatch),
        "text/x-diff" | "text/x-patch" => Some(Form::Unified),
        SEARCH_REPLACE => Some(Form::SearchReplace),
        _ => return Err(unsupported(headers)),
    })
}

fn unsupported(headers: &HeaderMap) -> Problem {
    let given = json::given_type(headers);
    Problem::new(Kind::UnsupportedType, format!("PATCH takes these types: {ACCEPTED}; {given}"))
        .header(ACCEPT_PATCH, HeaderValue::from_static(ACCEPTED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::CONTENT_TYPE;

    fn of(value: &'static str) -> Result<Option<Form>, Problem> {
        let headers = [(CONTENT_TYPE, HeaderValue::from_static(value))];
        form_of(&headers.into_iter().collect())
    }

    #[test]
    fn every_type_that_is_named_is_taken() {
        let forms: Vec<_> = ACCEPTED.split(", ").map(|name| of(name).unwrap()).collect();
        let (json, merge) = (Some(Form::JsonPatch), Some(Form::MergePatch));
        let (unified, search) = (Some(Form::Unified), Some(Form::SearchReplace));
        assert_eq!(forms, [None, json, merge, unified, unified, search]);
        assert_eq!(of("Text/X-Diff ; charset=utf-8").unwrap(), unified);
    }

    #[test]
    fn another_type_is_told_which_are_taken() {
        for problem in [of("text/plain").unwrap_err(), form_of(&HeaderMap::new()).unwrap_err()] {
            assert_eq!(problem.kind, Kind::UnsupportedType);
            assert_eq!(problem.headers, [(ACCEPT_PATCH, HeaderValue::from_static(ACCEPTED))]);
        }
    }
}
