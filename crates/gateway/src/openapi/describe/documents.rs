//! Documents are made, listed, read and deleted.

use super::parts::{
    AT_LEAST, CURSOR, DOCUMENT, ETAG, IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, LIMIT, LINK, LOCATION,
    Parameter, REVISION, Type,
};
use super::{JSON, Operation, Schemas, Tag, refusals};
use crate::handlers::bodies;
use crate::problem::Kind;
use crate::render;
use serde_json::json;

pub(super) fn create(schemas: &mut Schemas) -> Operation {
    Operation::new("createDocument", Tag::Documents, "Make a document")
        .about("The caller owns it. Without `content` it is empty: a text of no characters, or an object without keys.")
        .takes(&[IDEMPOTENCY_KEY])
        .body(
            JSON,
            schemas.taken::<bodies::Create>(),
            json!({ "name": "Minutes", "doc_type": "Text", "content": "Present: Ada" }),
        )
        .answer(
            201,
            "The document that was made.",
            &[LOCATION, ETAG, REVISION],
            &[(JSON, schemas.given::<render::Whole>())],
        )
        .refuses(&[refusals::GUARDED, refusals::BODY, refusals::JSON, refusals::COMMAND])
        .refuses(&[&[Kind::NameTooLong, Kind::DocumentTooLarge, Kind::BadEdit]])
}

pub(super) fn list(schemas: &mut Schemas) -> Operation {
    Operation::new("listDocuments", Tag::Documents, "List the documents that you may read")
        .about("A page at a time, without contents. The order is stable, whatever changes meanwhile.")
        .takes(&[LIMIT, CURSOR])
        .answer(200, "A page.", &[LINK], &[(JSON, schemas.given::<render::Listing<'_>>())])
        .refuses(&[refusals::GUARDED, &[Kind::BadCursor, Kind::PageTooLarge]])
}

/// A version, to read one of the past.
const VERSION: Parameter =
    Parameter::query("version", Type::From(0), "The document as it was at this version.").such_as("1");

const HEADS: Parameter = Parameter::query(
    "heads",
    Type::Pattern("^[0-9A-Fa-f]{64}(,[0-9A-Fa-f]{64})*$"),
    "The document as it was at these heads, with commas between them. Not together with `version`.",
);

pub(super) fn read(schemas: &mut Schemas) -> Operation {
    Operation::new("readDocument", Tag::Documents, "Read a document")
        .about("Now, or at a point in its past.")
        .takes(&[DOCUMENT, VERSION, HEADS, AT_LEAST, IF_MATCH, IF_NONE_MATCH])
        .answer(200, "The document.", &[ETAG, REVISION], &[(JSON, schemas.given::<render::Whole>())])
        .answer(304, "You have this state already.", &[ETAG, REVISION], &[])
        .refuses(&[refusals::GUARDED, refusals::DOCUMENT])
        .refuses(&[&[
            Kind::BadHeader,
            Kind::PreconditionFailed,
            Kind::UnknownVersion,
            Kind::UnknownRevision,
            Kind::UnknownHeads,
        ]])
}

pub(super) fn delete() -> Operation {
    Operation::new("deleteDocument", Tag::Documents, "Delete a document for good")
        .about("Only its owner can. From now on it looks like one that never was.")
        .takes(&[DOCUMENT, IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH])
        .answer(204, "It is deleted.", &[REVISION], &[])
        .refuses(&[refusals::GUARDED, refusals::DOCUMENT, refusals::COMMAND])
        .refuses(&[&[Kind::Forbidden, Kind::PreconditionFailed]])
}
