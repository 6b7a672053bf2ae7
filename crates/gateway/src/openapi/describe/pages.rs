//! What a hub says about itself.

use super::parts::{Parameter, Type};
use super::{JSON, Operation, Tag};
use crate::problem::Kind;
use serde_json::{Value, json};

const MARKDOWN: &str = "text/markdown";
const HTML: &str = "text/html";

const PAGE: Parameter =
    Parameter::path("page", Type::Text, "The name of the page; with `.md` behind it, the page in Markdown.")
        .such_as("sockets.md");

fn text() -> Value {
    json!({ "type": "string" })
}

pub(super) fn root() -> Operation {
    Operation::new("readRoot", Tag::Reference, "What this is, and where to look").answer(
        200,
        "A few lines.",
        &[],
        &[("text/plain", text())],
    )
}

pub(super) fn openapi() -> Operation {
    Operation::new("readOpenApi", Tag::Reference, "This description, for programs").answer(
        200,
        "OpenAPI 3.1.",
        &[],
        &[(JSON, json!({ "type": "object", "required": ["openapi", "paths"] }))],
    )
}

pub(super) fn llms() -> Operation {
    Operation::new("readLlms", Tag::Reference, "The pages that there are, for language models").answer(
        200,
        "In the form of llmstxt.org.",
        &[],
        &[("text/plain", text())],
    )
}

pub(super) fn reference() -> Operation {
    Operation::new("readReference", Tag::Reference, "This description, for people").answer(
        200,
        "A page.",
        &[],
        &[(HTML, text())],
    )
}

pub(super) fn page() -> Operation {
    shown("readPage", "A guide", &[PAGE]).about(
        "For people as HTML, if the client accepts `text/html`; otherwise, and with `.md`, in Markdown.",
    )
}

pub(super) fn record() -> Operation {
    shown(
        "readDecision",
        "Why something was decided as it was",
        &[PAGE.such_as("0001-the-log-is-the-truth.md")],
    )
}

pub(super) fn runbook() -> Operation {
    shown("readRunbook", "What to do about an alert", &[PAGE.such_as("hub-disk-full.md")])
}

pub(super) fn problems() -> Operation {
    Operation::new("readProblems", Tag::Reference, "Every problem, and what to do about it").answer(
        200,
        "All of them.",
        &[],
        &[(MARKDOWN, text()), (HTML, text())],
    )
}

pub(super) fn problem() -> Operation {
    let slug =
        Parameter::path("slug", Type::Text, "The end of the problem's `type`.").such_as("version-required");
    shown("readProblem", "One problem, and what to do about it", &[slug])
}

fn shown(id: &'static str, summary: &'static str, path: &[Parameter]) -> Operation {
    Operation::new(id, Tag::Reference, summary)
        .takes(path)
        .answer(200, "The page.", &[], &[(MARKDOWN, text()), (HTML, text())])
        .refuses(&[&[Kind::UnknownPath]])
}
