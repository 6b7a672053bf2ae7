//! What happens to documents, as it happens.

use super::parts::{DOCUMENT, Parameter, Type};
use super::{Operation, Schemas, Tag, refusals};
use crate::feed::Line;
use crate::problem::Kind;
use serde_json::json;

const SINCE: Parameter = Parameter::query(
    "since",
    Type::Pattern("^[A-Za-z0-9_-]+$"),
    "The token of the last event that you have. Without one the feed begins now.",
);

const LIMIT: Parameter =
    Parameter::query("limit", Type::From(1), "Ends the answer after so many events.").such_as("100");

const WAIT: Parameter = Parameter::query(
    "wait",
    Type::From(0),
    "Ends the answer when there is nothing more; waits so many seconds for the first event if there is none.",
)
.such_as("0");

const LAST_EVENT_ID: Parameter = Parameter::header(
    "Last-Event-ID",
    Type::Pattern("^[ \\t]*[A-Za-z0-9_-]*[ \\t]*$"),
    "What clients of server-sent events send when they connect again. It counts before `since`.",
);

const ABOUT: &str = "An answer that goes on: a JSON object a line, or server-sent events for those who accept \
                     `text/event-stream`. Each event bears a token to go on from. With `limit` or `wait` it is a page, whose last \
                     line is a bookmark. [The change feed](/docs/feed) says what may be counted on.";

pub(super) fn changes(schemas: &mut Schemas) -> Operation {
    feed(Operation::new("followChanges", Tag::Feeds, "Follow every document that you may read"), &[], schemas)
}

pub(super) fn events(schemas: &mut Schemas) -> Operation {
    feed(Operation::new("followDocument", Tag::Feeds, "Follow one document"), &[DOCUMENT], schemas)
        .refuses(&[refusals::DOCUMENT])
}

fn feed(operation: Operation, path: &[Parameter], schemas: &mut Schemas) -> Operation {
    let told = schemas.given::<Line>();
    let text = |about: &str| json!({ "type": "string", "description": about, "contentMediaType": "application/json", "contentSchema": told });
    let lines = text("A JSON object a line.");
    let events = text(
        "Server-sent events. The token is the `id`, the type is the `event`, and the `data` is a JSON object.",
    );
    operation
        .about(ABOUT)
        .takes(path)
        .takes(&[SINCE, LIMIT, WAIT, LAST_EVENT_ID])
        .answer(200, "Events.", &[], &[("application/x-ndjson", lines), ("text/event-stream", events)])
        .refuses(&[refusals::GUARDED])
        .refuses(&[&[
            Kind::BadHeader,
            Kind::BadFeedToken,
            Kind::FeedGone,
            Kind::PageTooLarge,
            Kind::TooManyFeeds,
        ]])
}
