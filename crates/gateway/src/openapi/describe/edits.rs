//! Documents are edited, each edit at the state that it was made against.

use super::parts::{DOCUMENT, ETAG, IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, REVISION};
use super::{JSON, Operation, Schemas, Tag, refusals};
use crate::handlers::bodies;
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
    edit(operation, schemas).refuses(&[refusals::JSON])
}

pub(super) fn patch(schemas: &mut Schemas) -> Operation {
    let operation = Operation::new("editDocument", Tag::Documents, "Edit a document")
        .about(
            "Operations, in order, each on what the ones before it left, against the state that `version` or `heads` name. \
             All of them are done, or none.",
        )
        .body(
            JSON,
            schemas.taken::<bodies::Patch>(),
            json!({
                "ops": [{ "op": "splice", "position": 9, "insert": "Grace, " }],
                "version": 1,
            }),
        );
    edit(operation, schemas).refuses(&[refusals::JSON, &[crate::problem::Kind::TooManyOperations]])
}

/// What is the same for every edit of a document: how it names its state, and what comes of it.
fn edit(operation: Operation, schemas: &mut Schemas) -> Operation {
    operation
        .takes(&[DOCUMENT, IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH])
        .answer(
            200,
            "The document, with your edit and those of others in it.",
            &[ETAG, REVISION],
            &[(JSON, schemas.given::<render::Whole>())],
        )
        .refuses(&[refusals::GUARDED, refusals::DOCUMENT, refusals::BODY, refusals::COMMAND, refusals::EDIT])
}
