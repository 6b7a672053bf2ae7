//! The description of the API (OpenAPI 3.1), made from what serves it: the router says which paths and verbs there are,
//! the types that are read and written say what bodies look like, and `describe/` says what each verb means.
//!
//! To describe a new verb:
//!
//! 1. derive `schemars::JsonSchema` for what it reads and writes, beside `Deserialize` and `Serialize`;
//! 2. write a function in `describe/` and give it an arm in `describe/mod.rs`: without one it does not compile;
//! 3. run `BLESS=1 cargo nextest run --workspace -E 'package(gateway) & test(openapi)'`, which writes `docs/openapi.json`.

mod describe;
mod operation;
mod parts;
mod refusals;
mod schemas;

pub(crate) use schemas::with_member;

use crate::problem::Problem;
use crate::router::{API_PREFIX, Resource, Verb};
use operation::Tag;
use schemas::Schemas;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

const ABOUT: &str = "\
Context Hub keeps documents that merge: people and agents write at the same time, and nothing that was acknowledged is lost.

- **A write names the version that it was made against.** The hub makes the difference at that version, and merges it with \
what others wrote meanwhile. `If-Match` refuses instead; `If-Match: *` replaces whatever is there.
- **Every refusal is a problem document** (RFC 9457) whose `type` leads to [what it means and what to do](/docs/problems).
- **A retry is the same edit** under the same `Idempotency-Key`.
- `HEAD` is taken wherever `GET` is, and `OPTIONS` says what a path takes.
- Paths below `/documents`, and `/changes`, answer under `/api/v1` too.
- Every answer bears an `X-Request-Id`, under which the log of the hub knows it.";

/// The description, as it is served and committed.
pub(crate) fn text() -> &'static str {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| serde_json::to_string_pretty(document()).expect("keys are strings") + "\n");
    &TEXT
}

/// The description.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(make);
    &DOCUMENT
}

fn make() -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for resource in Resource::ALL {
        let described = resource.verbs().iter().map(|(method, verb)| {
            let operation = describe::describe(*verb, &mut schemas);
            let guarded = matches!(verb, Verb::Guarded(_));
            (method.as_str().to_ascii_lowercase(), operation.to_value(guarded))
        });
        let described: Map<String, Value> = described.collect();
        paths.insert(resource.template().to_owned(), described.into());
    }
    schemas.given::<Problem>();
    let tags = Tag::ALL.map(|tag| json!({ "name": tag.name(), "description": tag.about() }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Context Hub",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Documents that merge, for people and agents who write at the same time.",
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [
            { "url": "/", "description": "This hub" },
        ],
        "externalDocs": { "url": "/docs", "description": "The reference for people, and the guides" },
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas.into_components(),
            "securitySchemes": { "token": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": format!(
                    "An access token, signed with RS256. It stands in the header, never in the query. Paths under \
                     {API_PREFIX} take the same."
                ),
            } },
        },
    })
}

#[cfg(test)]
mod tests;
