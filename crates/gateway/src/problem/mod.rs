//! Problem details (RFC 9457): the one form in which the edge says no.
//!
//! [`Kind`] is the table of everything that can go wrong, each with a page in `docs/problems.md`. A [`Problem`] is one
//! case of a kind: what happened here, typed members for programs, and headers that the status calls for.

mod kind;
mod refusal;

pub(crate) use kind::Kind;

use crate::respond::{Answer, Body};
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

/// One refusal on its way to a client.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub kind: Kind,
    /// What happened, for people.
    pub detail: String,
    /// What happened, for programs.
    pub members: Vec<(&'static str, Value)>,
    /// When to ask again, where that helps.
    pub retry_after: Option<Duration>,
    /// Headers that belong to the status, such as `Allow`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What the log learns and the client does not.
    pub cause: Option<String>,
}

impl Problem {
    /// A problem of `kind`, told in one sentence.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Problem {
        let (members, headers) = (Vec::new(), Vec::new());
        Problem { kind, detail: detail.into(), members, retry_after: None, headers, cause: None }
    }

    /// Adds a typed member.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Problem {
        self.members.push((name, value.into()));
        self
    }

    /// Says when to ask again.
    pub fn retry_after(mut self, after: Duration) -> Problem {
        self.retry_after = Some(after);
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.headers.push((name, value));
        self
    }

    /// Tells the log more than the client.
    pub fn because(mut self, cause: impl Into<String>) -> Problem {
        self.cause = Some(cause.into());
        self
    }

    /// A limit of the gateway that was exceeded.
    pub fn limit(kind: Kind, what: &str, limit: usize, actual: Option<usize>) -> Problem {
        let had = actual.map(|actual| format!(", this has {actual}")).unwrap_or_default();
        let problem = Problem::new(kind, format!("{what} is at most {limit}{had}")).with("limit", limit);
        match actual {
            Some(actual) => problem.with("actual", actual),
            None => problem,
        }
    }

    /// The response, for the request with this id.
    pub fn into_answer(self, request_id: &str) -> Answer {
        let members = Members { problem: &self, request_id };
        let body = serde_json::to_vec(&members).expect("a problem is strings and numbers under string keys");
        let mut answer = Answer::new(Body::whole(Bytes::from(body)));
        *answer.status_mut() = self.kind.status();
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(after) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
        }
        headers.extend(self.headers);
        answer
    }
}

/// `Retry-After` counts whole seconds, and "at once" would be an invitation to hammer.
fn whole_seconds(after: Duration) -> u64 {
    (after.as_secs() + u64::from(after.subsec_nanos() > 0)).max(1)
}

struct Members<'a> {
    problem: &'a Problem,
    request_id: &'a str,
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = self.problem.kind;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &format_args!("/docs/problems/{}", kind.slug()))?;
        map.serialize_entry("title", kind.title())?;
        map.serialize_entry("status", &kind.status().as_u16())?;
        map.serialize_entry("detail", &self.problem.detail)?;
        map.serialize_entry("request_id", self.request_id)?;
        for (name, value) in &self.problem.members {
            map.serialize_entry(name, value)?;
        }
        if let Some(after) = self.problem.retry_after {
            map.serialize_entry("retry_after_ms", &(after.as_millis() as u64))?;
        }
        map.end()
    }
}

/// What [`Members`] prints.
impl JsonSchema for Problem {
    fn schema_name() -> Cow<'static, str> {
        "Problem".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Why it was not done (RFC 9457). Each type has members of its own beside these; its page names them.",
            "type": "object",
            "required": ["type", "title", "status", "detail", "request_id"],
            "properties": {
                "type": { "type": "string", "format": "uri-reference", "description": "Leads to the page of this kind." },
                "title": { "type": "string", "description": "The kind, in a few words." },
                "status": { "type": "integer", "minimum": 400, "maximum": 599 },
                "detail": { "type": "string", "description": "What happened here, for people." },
                "request_id": { "type": "string", "description": "The name of this request in the hub's log." },
                "retry_after_ms": { "type": "integer", "minimum": 0, "description": "When asking again may help." },
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use http_body_util::BodyExt;

    #[test]
    fn a_problem_tells_people_and_programs() {
        let problem = Problem::limit(Kind::BodyTooLarge, "a body", 10, Some(12))
            .retry_after(Duration::from_millis(1_200))
            .because("not for clients");
        let answer = problem.into_answer("r\"1");
        assert_eq!(answer.status(), 413);
        assert_eq!(answer.headers()[RETRY_AFTER], "2");
        let body = answer.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
        let expected = r#"{"type":"/docs/problems/body-too-large","title":"The body is too large","status":413,"detail":"a body is at most 10, this has 12","request_id":"r\"1","limit":10,"actual":12,"retry_after_ms":1200}"#;
        assert_eq!(std::str::from_utf8(&body).unwrap(), expected);
    }
}
