//! Documents are made, listed, read and deleted.

use super::parts::{
    AT_LEAST, CURSOR, DOCUMENT, ETAG, IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, LIMIT, LINK, LOCATION,
    PREFER, Parameter, REVISION, Type, VERSION_NOW,
};
use super::{JSON, Operation, Schemas, Tag, refusals};
use crate::handlers::bodies;
use crate::problem::Kind;
use crate::render;
use crate::request::format::AUTOMERGE;
use serde_json::json;

pub(super) fn create(schemas: &mut Schemas) -> Operation {
    Operation::new("createDocument", Tag::Documents, "Make a document")
        .about(
            "The caller owns it. Without `content` it is empty: a text of no characters, or an object without keys. A file of \
             Automerge comes with its history; its name is in the query then.",
        )
        .takes(&[NAME, IDEMPOTENCY_KEY, PREFER])
        .body(
            JSON,
            schemas.taken::<bodies::Create>(),
            json!({ "name": "Minutes", "doc_type": "Text", "content": "Present: Ada" }),
        )
        .body(AUTOMERGE, json!({ "type": "string", "format": "binary" }), json!(null))
        .answer(
            201,
            "The document that was made.",
            &[LOCATION, ETAG, REVISION, VERSION_NOW],
            &[(JSON, schemas.given::<render::Whole>())],
        )
        .refuses(&[refusals::GUARDED, refusals::BODY, refusals::JSON, refusals::COMMAND])
        .refuses(&[refusals::NAMES, &[Kind::DocumentTooLarge, Kind::BadEdit, Kind::BadFile, Kind::ExportTooLarge]])
}

/// The name of a document that comes as a file.
const NAME: Parameter =
    Parameter::query("name", Type::Text, "What it is to be called, if it comes as a file.");

const DOC_TYPE: Parameter =
    Parameter::query("doc_type", Type::Pattern("^(Text|Json)$"), "Only documents of this type.");

const OWNER: Parameter = Parameter::query("owner", Type::Text, "Only documents of this user.");

const LABEL: Parameter = Parameter::query(
    "label",
    Type::Texts,
    "Only documents with this label: `key:value`, or `key` alone, whatever the value. Several have to hold all.",
);

const NAME_PREFIX: Parameter =
    Parameter::query("name", Type::Text, "Only documents whose name begins so, byte by byte.");

const SORT: Parameter = Parameter::query(
    "sort",
    Type::Pattern("^-?(updated_at|created_at|name)$"),
    "The order; with `-` before it, the greatest first.",
)
.such_as("-updated_at");

const COUNT: Parameter = Parameter::query(
    "count",
    Type::Pattern("^(true|false)$"),
    "Whether to say how many there are on all pages.",
);

pub(super) fn list(schemas: &mut Schemas) -> Operation {
    Operation::new("listDocuments", Tag::Documents, "List the documents that you may read")
        .about("A page at a time, without contents. Without `sort` the order is stable, whatever changes meanwhile.")
        .takes(&[DOC_TYPE, OWNER, LABEL, NAME_PREFIX, SORT, COUNT, LIMIT, CURSOR])
        .answer(200, "A page.", &[LINK], &[(JSON, schemas.given::<render::Listing<'_>>())])
        .refuses(&[refusals::GUARDED, &[Kind::BadCursor, Kind::PageTooLarge]])
}

/// A version, to read one of the past.
pub(super) const VERSION: Parameter =
    Parameter::query("version", Type::From(0), "The document as it was at this version.").such_as("1");

pub(super) const HEADS: Parameter = Parameter::query(
    "heads",
    Type::Pattern("^[0-9A-Fa-f]{64}(,[0-9A-Fa-f]{64})*$"),
    "The document as it was at these heads, with commas between them. Not together with `version`.",
);

const FORMAT: Parameter = Parameter::query(
    "format",
    Type::Pattern("^(json|text|numbered|automerge)$"),
    "The form, which goes before `Accept`. `numbered` is the text with its lines numbered.",
);

pub(super) fn read(schemas: &mut Schemas) -> Operation {
    Operation::new("readDocument", Tag::Documents, "Read a document")
        .about(
            "Now, or at a point in its past; as JSON with all that names it, or the content alone as text, or as the file that \
             Automerge saves, with the history.",
        )
        .takes(&[DOCUMENT, VERSION, HEADS, FORMAT, AT_LEAST, IF_MATCH, IF_NONE_MATCH])
        .answer(
            200,
            "The document.",
            &[ETAG, REVISION, VERSION_NOW],
            &[
                (JSON, schemas.given::<render::Whole>()),
                ("text/plain", json!({ "type": "string" })),
                (AUTOMERGE, json!({ "type": "string", "format": "binary" })),
            ],
        )
        .answer(304, "You have this state already.", &[ETAG, REVISION], &[])
        .refuses(&[refusals::GUARDED, refusals::DOCUMENT])
        .refuses(&[&[
            Kind::BadHeader,
            Kind::PreconditionFailed,
            Kind::UnknownVersion,
            Kind::UnknownRevision,
            Kind::UnknownHeads,
            Kind::ExportTooLarge,
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
