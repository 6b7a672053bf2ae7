//! Documents are edited, each edit at the state that it was made against.

use super::documents::{HEADS, VERSION};
use super::parts::{DOCUMENT, ETAG, IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, PREFER, REVISION, VERSION_NOW};
use super::{JSON, Operation, Schemas, Tag, refusals};
use crate::handlers::bodies;
use crate::patch::SearchReplace;
use crate::problem::Kind;
use crate::render;
use serde_json::json;

pub(super) fn replace(schemas: &mut Schemas) -> Operation {
    let operation = Operation::new("replaceDocument", Tag::Documents, "Replace the content of a document")
        .about(
            "The whole new content, as a difference to the state that it was made against: `version` or `heads` name that \
             state, and what others wrote since is kept. With neither, an `If-Match` is needed.",
        )
        .body(
            JSON,
            schemas.taken::<bodies::Replace>(),
            json!({ "content": "Present: Ada, Grace", "version": 1 }),
        );
    edit(operation, schemas).refuses(&[refusals::STATE, refusals::JSON])
}

pub(super) fn patch(schemas: &mut Schemas) -> Operation {
    let operation = Operation::new("editDocument", Tag::Documents, "Edit a document")
        .about(
            "Operations, in order, each on what the ones before it left, against the state that `version` or `heads` name. \
             All of them are done, or none. The same as JSON Patch (RFC 6902), JSON Merge Patch (RFC 7396), a unified diff of a \
             text, or search and replace: told apart by the media type. The first three have no place for the state that they \
             were made against, and name it in the query.",
        )
        .takes(&[VERSION, HEADS])
        .body(
            JSON,
            schemas.taken::<bodies::Patch>(),
            json!({
                "ops": [{ "op": "splice", "position": 9, "insert": "Grace, " }],
                "version": 1,
            }),
        )
        .body(
            "application/json-patch+json",
            json!({ "type": "array", "items": { "type": "object" } }),
            json!([{ "op": "replace", "path": "/title", "value": "Minutes" }]),
        )
        .body("application/merge-patch+json", json!({}), json!({ "title": "Minutes" }))
        .body("text/x-diff", json!({ "type": "string" }), json!("--- a\n+++ b\n@@ -1 +1 @@\n-Ada\n+Ada, Grace\n"))
        .body("text/x-patch", json!({ "type": "string" }), json!("--- a\n+++ b\n@@ -1 +1 @@\n-Ada\n+Ada, Grace\n"))
        .body(
            "application/vnd.context-hub.search-replace+json",
            schemas.taken::<SearchReplace>(),
            json!({ "replacements": [{ "search": "Ada", "replace": "Ada, Grace", "count": 1 }], "version": 1 }),
        );
    edit(operation, schemas).refuses(&[refusals::STATE, refusals::JSON, refusals::PATCH])
}

pub(super) fn metadata(schemas: &mut Schemas) -> Operation {
    let patch = schemas.taken::<bodies::Metadata>();
    let example = json!({ "name": "Minutes of May", "labels": { "team": "core", "draft": null } });
    Operation::new("setMetadata", Tag::Documents, "Rename a document, and label it")
        .about("A merge patch: what is not named stays. The content does, and with it the version and the heads.")
        .takes(&[DOCUMENT, IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, PREFER])
        .body(JSON, patch.clone(), example.clone())
        .body("application/merge-patch+json", patch, example)
        .answer(200, "The document.", &[ETAG, REVISION], &[(JSON, schemas.given::<render::Whole>())])
        .answer(204, "It is done, and you asked for no more.", &[ETAG, REVISION, VERSION_NOW], &[])
        .refuses(&[refusals::GUARDED, refusals::DOCUMENT, refusals::BODY, refusals::JSON, refusals::COMMAND])
        .refuses(&[refusals::NAMES, &[Kind::Forbidden, Kind::PreconditionFailed]])
}

/// What is the same for every edit of a document: how it names its state, and what comes of it.
pub(super) fn edit(operation: Operation, schemas: &mut Schemas) -> Operation {
    operation
        .takes(&[DOCUMENT, IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, PREFER])
        .answer(204, "It is done, and you asked for no more.", &[ETAG, REVISION, VERSION_NOW], &[])
        .answer(
            200,
            "The document, with your edit and those of others in it.",
            &[ETAG, REVISION],
            &[(JSON, schemas.given::<render::Whole>())],
        )
        .refuses(&[refusals::GUARDED, refusals::DOCUMENT, refusals::BODY, refusals::COMMAND, refusals::EDIT])
}
