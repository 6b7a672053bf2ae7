//! Access is granted, taken away, and shown.

use super::parts::{DOCUMENT, IDEMPOTENCY_KEY, REVISION};
use super::{JSON, Operation, Schemas, Tag, refusals};
use crate::handlers::bodies;
use crate::problem::Kind;
use crate::render;
use serde_json::json;

pub(super) fn share(schemas: &mut Schemas) -> Operation {
    Operation::new("shareDocument", Tag::Sharing, "Grant access, or take it away")
        .about("Takes `admin` access. `none` takes away what somebody has; everyone may take away their own.")
        .takes(&[DOCUMENT, IDEMPOTENCY_KEY])
        .body(JSON, schemas.taken::<bodies::Share>(), json!({ "principal": "bob", "access_level": "write" }))
        .answer(
            200,
            "Who may do what now.",
            &[REVISION],
            &[(JSON, schemas.given::<render::AccessList<'_>>())],
        )
        .refuses(&[refusals::GUARDED, refusals::DOCUMENT, refusals::BODY, refusals::JSON, refusals::COMMAND])
        .refuses(&[&[Kind::Forbidden, Kind::BadEdit, Kind::AccessListFull]])
}

pub(super) fn access(schemas: &mut Schemas) -> Operation {
    Operation::new("readAccess", Tag::Sharing, "Show who may do what")
        .takes(&[DOCUMENT])
        .answer(200, "Who may do what.", &[REVISION], &[(JSON, schemas.given::<render::AccessList<'_>>())])
        .refuses(&[refusals::GUARDED, refusals::DOCUMENT, &[Kind::Forbidden]])
}
