//! Edits of one socket that are under way. They go side by side; each is answered when it is durable, in that order.

use crate::app::App;
use crate::gate::Pass;
use crate::handlers::{aside, operations, refused_write};
use crate::problem::{Kind, Problem};
use crate::request::{edit_key, json};
use crate::service;
use base::DocId;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rpc::{Base, Caller, Precondition, Write};
use serde::Deserialize;
use std::pin::Pin;
use std::sync::Arc;
use wire::thin::{Edit, FromClient};

/// Edits of one socket at once.
const IN_FLIGHT_MAX: usize = 64;

/// What became of an edit.
pub(super) struct Edited {
    /// The client's name for it; none if it has none that could be read.
    pub id: Option<String>,
    /// A version that holds it.
    pub outcome: Result<u64, Problem>,
}

/// The edits of one socket.
pub(super) struct Edits {
    app: Arc<App>,
    caller: Caller,
    document: DocId,
    working: FuturesUnordered<Pin<Box<dyn Future<Output = Edited> + Send>>>,
}

impl Edits {
    pub fn new(app: Arc<App>, caller: Caller, document: DocId) -> Edits {
        Edits { app, caller, document, working: FuturesUnordered::new() }
    }

    /// Whether another edit can be taken in hand.
    pub fn has_room(&self) -> bool {
        self.working.len() < IN_FLIGHT_MAX
    }

    /// Takes an edit in hand. `room` is what its operations take, given back when it is done.
    pub fn begin(&mut self, edit: Edit, room: Pass) {
        let (app, caller, document) = (self.app.clone(), self.caller.clone(), self.document);
        self.working.push(Box::pin(async move {
            let id = edit.id.clone();
            let outcome = write(&app, caller, document, edit).await;
            drop(room);
            Edited { id: Some(id), outcome }
        }));
    }

    /// The same with an edit that is taken apart where nobody waits behind it, because it is long. No other message may
    /// be. One that is too long is refused under its name, too: its client would wait for an answer for ever.
    pub fn begin_long(&mut self, text: Bytes, mut room: Pass) {
        let (app, caller, document) = (self.app.clone(), self.caller.clone(), self.document);
        self.working.push(Box::pin(async move {
            let limits = app.limits;
            let parsed = aside(move || {
                let id = name_of(&text);
                let message =
                    fits(&text, limits.body_bytes).and_then(|()| json::parse(&text, &limits, &mut room));
                (id, message, room)
            });
            let (id, message, room) = match parsed.await {
                Ok(parsed) => parsed,
                Err(problem) => return Edited { id: None, outcome: Err(problem) },
            };
            let outcome = match message {
                Ok(FromClient::Edit(edit)) => write(&app, caller, document, edit).await,
                Ok(_) => Err(Problem::new(Kind::BodyTooLarge, "only an edit may be that long")),
                Err(problem) => Err(problem),
            };
            drop(room);
            Edited { id, outcome }
        }));
    }

    /// The next edit that is done; once none is under way, it never comes.
    pub async fn done(&mut self) -> Edited {
        match self.working.next().await {
            Some(edited) => edited,
            None => std::future::pending().await,
        }
    }
}

fn fits(text: &[u8], limit: usize) -> Result<(), Problem> {
    match text.len() > limit {
        true => {
            Err(Problem::limit(Kind::BodyTooLarge, "the size of a message in bytes", limit, Some(text.len())))
        }
        false => Ok(()),
    }
}

/// The name of the edit that a text may be, as far as it can be read.
pub(super) fn name_of(text: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    serde_json::from_slice::<Named>(text).ok().map(|named| named.id)
}

async fn write(app: &App, caller: Caller, id: DocId, edit: Edit) -> Result<u64, Problem> {
    let _pass = app.gate.enter().ok_or_else(|| service::full(app))?;
    let key = edit_key::of_message(id, &edit, app.limits.idempotency_key_bytes)?;
    let Edit { id: _, version, ops, unit } = edit;
    let edit = operations(ops, unit, app.limits.operations)?;
    let refused = refused_write(key.key.clone());
    let write = Write { id, base: Base::Version(version), edit, precondition: Precondition::default(), key };
    let seen = app.shards.write(caller, write).await.map_err(refused)?;
    Ok(seen.view.version)
}
