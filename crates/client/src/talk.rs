//! `Talk`: a conversation with the hub about one document, without its socket: what is known, and what a message does.
//!
//! It outlives sockets. A new one begins with `hello`, and once the hub has answered with the document, with all edits
//! that have no answer.

use crate::copy::{Copy, OutOfStep};
use crate::edits::{Edits, Reply};
use crate::error::Ended;
use base::{Level, Op, Unit};
use parking_lot::RwLock;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use wire::thin::{Auth, Edit, FromClient, FromHub, Problem, Update};

/// How long to wait with an edit that the hub cannot take now, if it does not say.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What is known of a document. `None` until the first snapshot.
pub(crate) type SharedCopy = Arc<RwLock<Option<Copy>>>;

/// The conversation.
pub(crate) struct Talk {
    copy: SharedCopy,
    edits: Edits,
    changes: bool,
    /// Whether this socket has answered with the document.
    is_open: bool,
    /// Whether the copy can be gone on from.
    in_step: bool,
    /// Whether something was said to the others on this socket, which the hub may refuse, too.
    said: bool,
}

/// What a message of the hub means for the client.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    /// Nothing that anyone needs to know.
    Nothing,
    /// The copy is another one than before; nothing leads there from the old one.
    Snapshot,
    /// The copy has moved on.
    Update(Arc<Update>),
    /// Somebody said something.
    Presence(wire::thin::Presence),
    /// The client may do more or less than before.
    Access(Level),
    /// An edit is to be sent again after a while.
    Later {
        /// Which.
        id: String,
        /// When.
        after: Duration,
    },
}

impl Talk {
    pub fn new(copy: SharedCopy, changes: bool) -> Talk {
        Talk { copy, edits: Edits::default(), changes, is_open: false, in_step: false, said: false }
    }

    /// What a new socket begins with.
    pub fn hello(&mut self, token: String) -> String {
        (self.is_open, self.said) = (false, false);
        let since = self.copy.read().as_ref().filter(|_| self.in_step).map(|copy| copy.version);
        text(&FromClient::Auth(Auth { token, since, changes: self.changes }))
    }

    /// Whether the document is here, so that edits can be made.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether another edit can be taken.
    pub fn has_room(&self) -> bool {
        self.is_open && self.edits.has_room()
    }

    /// Makes an edit against the version that it names. Gives what is to be sent, if anything is.
    pub fn edit(&mut self, id: String, version: u64, ops: Vec<Op>, reply: Reply) -> Option<String> {
        self.edits.add(Edit { id, version, ops, unit: Unit::Utf16 }, reply)
    }

    /// What says something to the others.
    pub fn say(&mut self, data: Value) -> String {
        self.said = true;
        text(&FromClient::Presence { data })
    }

    /// The hub closed the socket because a message was too long. It would do so again and again.
    pub fn too_long(&mut self, reason: &str) {
        self.edits.too_long(reason);
    }

    /// Edits without an answer, to be sent again on a new socket.
    pub fn again(&self) -> impl Iterator<Item = &str> {
        self.edits.again()
    }

    /// One edit, to be sent again; nothing if it has been answered meanwhile.
    pub fn again_one(&self, id: &str) -> Option<&str> {
        self.edits.again_one(id)
    }

    /// Takes in a message. An error means that nothing leads on from the copy: a new socket is to ask for the
    /// document as a whole.
    pub fn hear(&mut self, message: FromHub) -> Result<Heard, OutOfStep> {
        match message {
            FromHub::Snapshot(snapshot) => {
                (self.is_open, self.in_step) = (true, true);
                *self.copy.write() = Some(snapshot.into());
                Ok(Heard::Snapshot)
            }
            FromHub::Update(update) => self.update(update),
            FromHub::Ack(ack) => {
                self.edits.acked(&ack);
                Ok(Heard::Nothing)
            }
            FromHub::Error(problem) => Ok(self.refused(problem)),
            FromHub::Presence(presence) => Ok(Heard::Presence(presence)),
            FromHub::Access { access } => {
                if let Some(copy) = self.copy.write().as_mut() {
                    copy.access = access;
                }
                Ok(Heard::Access(access))
            }
            FromHub::Pong | FromHub::Unknown => Ok(Heard::Nothing),
        }
    }

    /// Nothing will come any more.
    pub fn end(&mut self, why: &Ended) {
        self.is_open = false;
        self.edits.end(why);
    }

    fn update(&mut self, update: Update) -> Result<Heard, OutOfStep> {
        let updated = match self.copy.write().as_mut() {
            Some(copy) => copy.update(&update),
            None => Err(OutOfStep::Version { from: update.from, version: 0 }),
        };
        (self.is_open, self.in_step) = (updated.is_ok(), updated.is_ok());
        updated?;
        if update.from == update.version { Ok(Heard::Nothing) } else { Ok(Heard::Update(Arc::new(update))) }
    }

    fn refused(&mut self, problem: Problem) -> Heard {
        // Where no other message can be meant, it is the edit.
        let only = || self.edits.only().filter(|_| !self.said).map(str::to_owned);
        let Some(id) = problem.id.clone().or_else(only) else {
            tracing::warn!(detail = problem.detail, "the hub refused a message");
            return Heard::Nothing;
        };
        if problem.is_passing() {
            let after = problem.members.get("retry_after_ms").and_then(Value::as_u64);
            return Heard::Later { id, after: after.map_or(RETRY_AFTER, Duration::from_millis) };
        }
        self.edits.refused(&id, problem);
        Heard::Nothing
    }
}

/// What asks for a sign of life.
pub(crate) fn ping() -> String {
    text(&FromClient::Ping)
}

fn text(message: &FromClient) -> String {
    serde_json::to_string(message).expect("keys are strings")
}

#[cfg(test)]
mod tests;
