//! Sockets, and the tickets that they take.

use super::parts::{DOCUMENT, LOCATION, Parameter, Type};
use super::{JSON, Operation, Schemas, Tag, refusals};
use crate::handlers::bodies;
use crate::problem::Kind;
use serde_json::json;

const TICKET: Parameter = Parameter::query(
    "ticket",
    Type::Text,
    "A ticket of `POST /sync-tickets`, for clients that can choose nothing but a URL.",
);

const TICKET_ID: Parameter = Parameter::path("id", Type::Format("uuid"), "The ticket.")
    .such_as("7f0c9a52-38b1-4c7e-8d15-2a6be0f4c913");

pub(super) fn follow() -> Operation {
    socket("openDocumentSocket", "Follow and edit one document over a JSON socket")
        .about(
            "For clients without a CRDT library. The first message names a token; then operations go in, and operations \
             come out. [Sockets](/docs/sockets) says what is spoken.",
        )
        .takes(&[DOCUMENT])
}

pub(super) fn sync() -> Operation {
    socket("openSyncSocket", "Sync many documents with automerge-repo")
        .about(
            "The network protocol of `@automerge/automerge-repo`, unchanged. The credential is a token in `Authorization`, \
             or a ticket. [Sockets](/docs/sockets) says more.",
        )
        .takes(&[TICKET])
}

fn socket(id: &'static str, summary: &'static str) -> Operation {
    Operation::new(id, Tag::Sockets, summary)
        .answer(101, "The connection is a WebSocket from now on; who asks is looked at there.", &[], &[])
        .refuses(&[&[Kind::UpgradeRequired]])
}

pub(super) fn create_ticket(schemas: &mut Schemas) -> Operation {
    Operation::new("createTicket", Tag::Sockets, "Make a ticket for `/sync`")
        .about("For stock clients, which can choose nothing but a URL. It can do what you can, or less.")
        .body(JSON, schemas.taken::<bodies::Ticket>(), json!({ "ttl": 3600 }))
        .answer(
            201,
            "The ticket. It is not shown again.",
            &[LOCATION],
            &[(JSON, schemas.given::<bodies::TicketMade<'_>>())],
        )
        .refuses(&[refusals::GUARDED, refusals::BODY, refusals::JSON])
        .refuses(&[&[Kind::BadHeader, Kind::KeyTooLong, Kind::TicketTooLong, Kind::TicketDocuments]])
}

pub(super) fn revoke_ticket() -> Operation {
    Operation::new("revokeTicket", Tag::Sockets, "Take a ticket back")
        .about("Sockets that were opened with it end. A ticket that is not there is taken back, too.")
        .takes(&[TICKET_ID])
        .answer(204, "It is good for nothing any more.", &[], &[])
        .refuses(&[refusals::GUARDED, &[Kind::UnknownPath, Kind::OutcomeUnknown, Kind::DiskFull]])
}
