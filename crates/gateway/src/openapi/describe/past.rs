//! What documents were.

use super::edits::edit;
use super::parts::{CURSOR, DOCUMENT, LIMIT, LINK, Parameter, REVISION, Type};
use super::{JSON, Operation, Schemas, Tag, refusals};
use crate::handlers::bodies;
use crate::problem::Kind;
use serde_json::json;

pub(super) fn history(schemas: &mut Schemas) -> Operation {
    Operation::new("readHistory", Tag::Documents, "Read the history of a document")
        .about("Its versions, the newest first: when each came to be, who made it, and what it took.")
        .takes(&[DOCUMENT, LIMIT, CURSOR])
        .answer(200, "A page.", &[LINK, REVISION], &[(JSON, schemas.given::<bodies::History<'_>>())])
        .refuses(&[refusals::GUARDED, refusals::DOCUMENT, &[Kind::BadCursor, Kind::PageTooLarge]])
}

/// A state by the number of its version, or by its heads.
const STATE: Type = Type::Pattern("^([0-9]{1,18}|[0-9A-Fa-f]{64}(,[0-9A-Fa-f]{64})*)$");

const FROM: Parameter =
    Parameter::query("from", STATE, "The older state: its version, or its heads with commas between them.")
        .needed()
        .such_as("1");

const TO: Parameter =
    Parameter::query("to", STATE, "The newer state; the newest, if it is left out.").such_as("2");

pub(super) fn diff(schemas: &mut Schemas) -> Operation {
    Operation::new("compareVersions", Tag::Documents, "Compare two states of a document")
        .about("What leads from one to the other, as operations and as a unified diff.")
        .takes(&[DOCUMENT, FROM, TO])
        .answer(200, "The difference.", &[REVISION], &[(JSON, schemas.given::<bodies::Difference<'_>>())])
        .refuses(&[refusals::GUARDED, refusals::DOCUMENT, &[Kind::UnknownVersion, Kind::UnknownHeads]])
        .refuses(&[&[Kind::BadEdit]])
}

pub(super) fn restore(schemas: &mut Schemas) -> Operation {
    let operation = Operation::new("restoreDocument", Tag::Documents, "Restore what a document was")
        .about(
            "An edit that goes forward: the content becomes what it was, the history stays, and what others write meanwhile is \
             kept.",
        )
        .body(JSON, schemas.taken::<bodies::Restore>(), json!({ "version": 1 }));
    edit(operation, schemas).refuses(&[refusals::JSON])
}
