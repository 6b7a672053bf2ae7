//! What operators and their tools look at.

use super::{JSON, Operation, Tag};
use crate::problem::Kind;
use serde_json::{Value, json};

pub(super) fn live() -> Operation {
    Operation::new("isAlive", Tag::Operators, "Whether the process lives").answer(
        200,
        "It does.",
        &[],
        &[("text/plain", text("ok"))],
    )
}

pub(super) fn ready() -> Operation {
    let ready = json!({
        "type": "object",
        "required": ["ready", "shards"],
        "properties": {
            "ready": { "const": true },
            "shards": { "type": "integer", "minimum": 0, "description": "How many shards there are." },
            "not_serving": { "type": "array", "items": { "type": "object" }, "description": "Shards that do not serve, and why." },
            "disk_spare_bytes": { "type": "integer", "minimum": 0, "description": "What is left of a disk that is nearly full." },
        },
    });
    Operation::new("isReady", Tag::Operators, "Whether clients may be sent here")
        .answer(200, "They may.", &[], &[(JSON, ready)])
        .refuses(&[&[Kind::NotReady]])
}

pub(super) fn metrics() -> Operation {
    Operation::new("readMetrics", Tag::Operators, "Figures for Prometheus")
        .about("[Metrics](/docs/metrics) names the figures.")
        .answer(200, "The figures, in the text form.", &[], &[("text/plain", json!({ "type": "string" }))])
}

pub(super) fn jwks() -> Operation {
    let keys = json!({
        "type": "object",
        "required": ["keys"],
        "properties": { "keys": { "type": "array", "items": { "type": "object" } } },
    });
    Operation::new("readKeys", Tag::Operators, "The keys that tokens are checked with")
        .about("A JSON Web Key Set (RFC 7517).")
        .answer(200, "The keys.", &[], &[(JSON, keys)])
}

/// A text that contains a word.
fn text(word: &str) -> Value {
    json!({ "type": "string", "examples": [word] })
}
