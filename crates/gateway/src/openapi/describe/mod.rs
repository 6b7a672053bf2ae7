//! What each verb means. Exhaustive: a new verb does not compile until it is described.

mod documents;
mod edits;
mod feeds;
mod operators;
mod pages;
mod past;
mod sharing;
mod sockets;

use super::operation::{Operation, Tag};
use super::schemas::Schemas;
use super::{parts, refusals};
use crate::router::{Guarded, Open, Socket, Verb};

/// Describes one verb.
pub(super) fn describe(verb: Verb, schemas: &mut Schemas) -> Operation {
    match verb {
        Verb::Open(open) => match open {
            Open::Root => pages::root(),
            Open::Description => pages::openapi(),
            Open::Llms => pages::llms(),
            Open::Reference => pages::reference(),
            Open::Page => pages::page(),
            Open::Record => pages::record(),
            Open::Runbook => pages::runbook(),
            Open::Problems => pages::problems(),
            Open::Problem => pages::problem(),
            Open::Live => operators::live(),
            Open::Ready => operators::ready(),
            Open::Metrics => operators::metrics(),
            Open::Jwks => operators::jwks(),
        },
        Verb::Guarded(guarded) => match guarded {
            Guarded::Create => documents::create(schemas),
            Guarded::List => documents::list(schemas),
            Guarded::Read => documents::read(schemas),
            Guarded::Delete => documents::delete(),
            Guarded::Replace => edits::replace(schemas),
            Guarded::Patch => edits::patch(schemas),
            Guarded::SetMetadata => edits::metadata(schemas),
            Guarded::History => past::history(schemas),
            Guarded::Diff => past::diff(schemas),
            Guarded::Restore => past::restore(schemas),
            Guarded::Share => sharing::share(schemas),
            Guarded::Access => sharing::access(schemas),
            Guarded::Events => feeds::events(schemas),
            Guarded::Changes => feeds::changes(schemas),
            Guarded::CreateTicket => sockets::create_ticket(schemas),
            Guarded::RevokeTicket => sockets::revoke_ticket(),
        },
        Verb::Socket(socket) => match socket {
            Socket::Follow => sockets::follow(),
            Socket::Sync => sockets::sync(),
        },
    }
}

/// The media type of most bodies.
const JSON: &str = "application/json";
