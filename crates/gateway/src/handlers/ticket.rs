//! `POST /sync-tickets` makes a ticket for `/sync`, `DELETE /sync-tickets/{id}` takes one back.

use super::Call;
use crate::app::App;
use crate::auth::{TicketClaims, ticket_id};
use crate::problem::{Kind, Problem};
use crate::respond::{self, Outcome};
use crate::router::{Guarded, Resource};
use base::{DocId, Timestamp};
use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a ticket lives that is asked for without saying. A stock client reconnects to the URL that it has.
const TTL_USUAL_S: u64 = 60 * 60;

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "NewTicket")]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    /// How long it lives, in seconds; an hour, if nothing is said.
    #[schemars(range(min = 1))]
    ttl: Option<u64>,
    /// The only documents that it is good for.
    documents: Option<Vec<DocId>>,
    /// Whether it is good for one socket only.
    #[serde(default)]
    once: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Ticket")]
pub(crate) struct Made<'a> {
    /// Its name, to take it back.
    id: &'a str,
    /// What goes into the URL: a secret.
    ticket: &'a str,
    expires_at: Timestamp,
}

pub(super) async fn create(app: &App, mut call: Call) -> Outcome {
    call.query(&[])?;
    // A second ticket harms nobody, so that a retry needs no key.
    let (body, _key): (Body, _) = call.json_edit(app, Guarded::CreateTicket, None).await?;
    let ttl = ttl(app, body.ttl)?;
    let given = body.documents.as_ref().map_or(0, Vec::len);
    if given > app.limits.ticket_documents {
        let what = "the number of documents of a ticket";
        return Err(Problem::limit(Kind::TicketDocuments, what, app.limits.ticket_documents, Some(given)));
    }
    let claims = TicketClaims { caller: call.caller(), ttl, once: body.once, documents: body.documents };
    let issued =
        app.issuer.ticket(&claims, base::now()).map_err(|error| Problem::internal(error.to_string()))?;

    let id = issued.id.to_string();
    let made = Made { id: &id, ticket: &issued.ticket, expires_at: issued.expires };
    let mut answer = respond::json(StatusCode::CREATED, &made);
    let location = format!("{}{}/{id}", call.target.prefix, Resource::Tickets.template());
    let location = HeaderValue::try_from(location).expect("paths and ids are visible ASCII");
    answer.headers_mut().insert(LOCATION, location);
    Ok(answer)
}

fn ttl(app: &App, asked: Option<u64>) -> Result<Duration, Problem> {
    let longest = app.limits.ticket_seconds as u64;
    match asked {
        None => Ok(Duration::from_secs(TTL_USUAL_S.min(longest))),
        Some(0) => {
            Err(Problem::new(Kind::InvalidBody, "ttl: a ticket lives at least a second")
                .with("member", "ttl"))
        }
        Some(seconds) if seconds > longest => {
            let what = "the life of a ticket in seconds";
            Err(Problem::limit(Kind::TicketTooLong, what, app.limits.ticket_seconds, Some(seconds as usize)))
        }
        Some(seconds) => Ok(Duration::from_secs(seconds)),
    }
}

pub(super) async fn revoke(app: &App, call: Call) -> Outcome {
    call.query(&[])?;
    let id = call.target.varying();
    let id = ticket_id(id).ok_or_else(|| Problem::new(Kind::UnknownPath, "a ticket's id is a UUID"))?;
    // Whether there is such a ticket, and until when, nobody keeps; none lives longer than this.
    let until = Timestamp(base::now().0 + app.limits.ticket_seconds as u64 * 1_000 + LEEWAY_MS);
    app.tickets.revoke(call.caller(), id, until).await?;
    Ok(respond::empty(StatusCode::NO_CONTENT))
}

/// What clocks may differ by, twice.
const LEEWAY_MS: u64 = 60 * 1_000;
