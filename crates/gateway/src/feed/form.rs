//! What a feed looks like on the wire.

use super::merge::Given;
use crate::problem::{Kind, Problem};
use crate::request::accept;
use base::{DocId, Hash, Level, Timestamp, UserId};
use hyper::header::HeaderMap;
use rpc::EventKind;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

/// After how long a client of server-sent events connects again when the connection breaks.
const RETRY: Duration = Duration::from_secs(1);

/// One of the two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Server-sent events: the token is the `id`, so that clients resume by themselves.
    Sse,
    /// A JSON object a line, the token in it.
    Ndjson,
}

/// Why a feed ends before its reader wants it to.
#[derive(Debug)]
pub(super) enum End {
    Expired,
    Stopping,
    Refused(Problem),
}

/// Something happened to a document.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DocumentEvent")]
struct Happened<'a> {
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["created", "changed", "metadata", "shared", "revoked", "deleted"]))]
    kind: &'static str,
    document: DocId,
    /// The version after it; of a document that is gone for you, the last.
    version: u64,
    /// The state after it.
    heads: &'a [Hash],
    /// Who did it.
    authors: &'a [UserId],
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Whose access changed.
    principal: Option<&'a UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// What they may do now; `none`, nothing.
    access_level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

/// A line that tells of no document.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FeedNote")]
struct Note<'a> {
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["bookmark", "heartbeat", "end"]))]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

/// A line of a feed, or the data of a server-sent event: for its schema alone.
pub(crate) struct Line;

impl JsonSchema for Line {
    fn schema_name() -> Cow<'static, str> {
        "FeedEvent".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (event, note) =
            (generator.subschema_for::<Happened<'_>>(), generator.subschema_for::<Note<'_>>());
        json_schema!({ "description": "A line of a feed.", "oneOf": [event, note] })
    }
}

impl Form {
    /// The form that a client likes best. A client that takes neither gets lines of JSON: most say what they take without
    /// knowing of feeds.
    pub fn asked(headers: &HeaderMap) -> Form {
        let forms = [Form::Ndjson, Form::Sse];
        accept::media(headers, &forms.map(Form::media_type)).map_or(Form::Ndjson, |place| forms[place])
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Form::Sse => "text/event-stream",
            Form::Ndjson => "application/x-ndjson",
        }
    }

    /// What a stream begins with.
    pub(super) fn open(self, out: &mut Vec<u8>) {
        if self == Form::Sse {
            out.extend(format!("retry: {}\n\n", RETRY.as_millis()).bytes());
        }
    }

    pub(super) fn event(self, out: &mut Vec<u8>, given: &Given) {
        let Given { event, token } = given;
        let (kind, grant) = match &event.kind {
            EventKind::Created => ("created", None),
            EventKind::Changed => ("changed", None),
            EventKind::Shared { principal, level } => ("shared", Some((principal, *level))),
            EventKind::Revoked => ("revoked", None),
            EventKind::Deleted => ("deleted", None),
            EventKind::Metadata => ("metadata", None),
        };
        let happened = Happened {
            kind,
            document: event.document,
            version: event.version,
            heads: &event.heads,
            authors: &event.authors,
            at: event.at,
            principal: grant.map(|(principal, _)| principal),
            access_level: grant.map(|(_, level)| level.map_or("none", Level::as_str)),
            token: self.inside(token),
        };
        self.put(out, kind, Some(token), &happened);
    }

    /// Nothing, but a younger token.
    pub(super) fn bookmark(self, out: &mut Vec<u8>, token: &str) {
        let note = Note { kind: "bookmark", reason: None, detail: None, token: self.inside(token) };
        self.put(out, "bookmark", Some(token), &note);
    }

    /// Nothing at all: the connection lives.
    pub(super) fn heartbeat(self, out: &mut Vec<u8>) {
        match self {
            Form::Sse => out.extend(b": heartbeat\n\n"),
            Form::Ndjson => out.extend(b"{\"type\":\"heartbeat\"}\n"),
        }
    }

    /// The last word of a stream, with the token to go on from.
    pub(super) fn end(self, out: &mut Vec<u8>, end: &End, token: &str) {
        let (reason, detail) = match end {
            End::Expired => {
                (Kind::InvalidToken.slug(), "the access token has expired; come again with a new one")
            }
            End::Stopping => ("stopping", "the hub stops; come again"),
            End::Refused(problem) => (problem.kind.slug(), problem.detail.as_str()),
        };
        let (reason, detail) = (Some(reason), Some(detail));
        let note = Note { kind: "end", reason, detail, token: self.inside(token) };
        self.put(out, "end", Some(token), &note);
    }

    /// The token where it stands within the JSON.
    fn inside(self, token: &str) -> Option<&str> {
        (self == Form::Ndjson).then_some(token)
    }

    fn put(self, out: &mut Vec<u8>, name: &str, id: Option<&str>, body: &impl Serialize) {
        if self == Form::Sse {
            let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
            out.extend(format!("{id}event: {name}\ndata: ").bytes());
        }
        serde_json::to_writer(&mut *out, body)
            .expect("writing to memory does not fail, and keys are strings");
        out.extend(if self == Form::Sse { &b"\n\n"[..] } else { b"\n" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{FeedPlace, Slot};
    use hyper::header::{ACCEPT, HeaderValue};
    use rpc::Event;

    fn written(form: Form, kind: EventKind) -> String {
        let event = Event {
            place: FeedPlace { index: 3, number: 1 },
            document: DocId::mint(Slot::new(5).unwrap(), [9; 16]),
            kind,
            version: 3,
            heads: vec![Hash([0xab; 32])],
            authors: vec![UserId::new("ada").unwrap()],
            at: Timestamp(1_790_000_000_000),
        };
        let mut out = vec![];
        form.event(&mut out, &Given { event, token: "AQ-_".to_owned() });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_event_of_each_form() {
        let (head, heads) = (DocId::mint(Slot::new(5).unwrap(), [9; 16]), "ab".repeat(32));
        let members = format!(
            r#""document":"{head}","version":3,"heads":["{heads}"],"authors":["ada"],"at":"2026-09-21T14:13:20.000Z""#
        );
        assert_eq!(
            written(Form::Sse, EventKind::Changed),
            format!("id: AQ-_\nevent: changed\ndata: {{\"type\":\"changed\",{members}}}\n\n")
        );
        let principal = UserId::new("bob").unwrap();
        let shared = EventKind::Shared { principal, level: None };
        assert_eq!(
            written(Form::Ndjson, shared),
            format!(
                "{{\"type\":\"shared\",{members},\"principal\":\"bob\",\"access_level\":\"none\",\"token\":\"AQ-_\"}}\n"
            )
        );
    }

    #[test]
    fn what_is_asked_for_is_given() {
        let asked = |accept: &'static str| {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            Form::asked(&headers)
        };
        assert_eq!(asked("text/event-stream"), Form::Sse);
        assert_eq!(asked("application/json;q=0.5, Text/Event-Stream;q=1"), Form::Sse);
        assert_eq!(asked("text/event-stream;q=0.2, application/x-ndjson"), Form::Ndjson);
        assert_eq!(asked("text/event-stream;q=0"), Form::Ndjson);
        assert_eq!(asked("*/*, text/event-stream"), Form::Sse);
        assert_eq!(asked("application/json"), Form::Ndjson);
        assert_eq!(asked("*/*"), Form::Ndjson);
        assert_eq!(Form::asked(&HeaderMap::new()), Form::Ndjson);
    }
}
