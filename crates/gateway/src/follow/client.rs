//! What a message means: from the client to its document, and from the document to the client.

use super::edits::{Edited, Edits, name_of};
use super::{hello, render};
use crate::app::App;
use crate::auth::Verified;
use crate::gate::Pass;
use crate::handlers::INLINE_BYTES_MAX;
use crate::problem::{Kind, Problem};
use crate::request::json;
use crate::socket::{Close, Code, NAMES_OF_CLIENTS, Sender};
use base::{DocId, Timestamp};
use bytes::Bytes;
use rpc::{Caller, Ephemeral, FollowSession, Followed};
use serde_json::Value;
use std::sync::Arc;
use wire::thin::{FromClient, from_cbor, to_cbor};

/// Messages that cannot be understood before their client is sent away.
const FAULTS_MAX: u32 = 32;

/// The longest word that is passed on. They hold cursors and names.
const PRESENCE_BYTES_MAX: usize = 64 << 10;

/// A client that has said who it is.
pub(super) struct Client {
    app: Arc<App>,
    verified: Arc<Verified>,
    session: Arc<dyn FollowSession>,
    /// Whether it wants the raw changes.
    changes: bool,
    pub edits: Edits,
    /// Whether the session may have something.
    pub rung: bool,
    /// What the others know this socket by.
    name: Arc<str>,
    said: u64,
    faults: u32,
}

impl Client {
    pub fn new(
        app: Arc<App>,
        verified: Arc<Verified>,
        id: DocId,
        session: Arc<dyn FollowSession>,
        changes: bool,
    ) -> Client {
        let edits = Edits::new(app.clone(), verified.caller.clone(), id);
        let name = format!("{NAMES_OF_CLIENTS}{}", uuid::Uuid::new_v4().simple()).into();
        // What rang before the session was known here is not lost.
        Client { app, verified, session, changes, edits, rung: true, name, said: 0, faults: 0 }
    }

    /// What the others know it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who it is.
    pub fn caller(&self) -> &Caller {
        &self.verified.caller
    }

    /// When its token is over.
    pub fn refused_from(&self) -> Timestamp {
        self.verified.refused_from
    }

    /// Takes in one message.
    pub fn hear(&mut self, text: &Bytes, mut room: Pass, sender: &mut Sender) -> Result<(), Close> {
        if text.len() > INLINE_BYTES_MAX.min(self.app.limits.body_bytes) {
            self.edits.begin_long(text.clone(), room);
            return Ok(());
        }
        match json::parse(text, &self.app.limits, &mut room) {
            Ok(FromClient::Edit(edit)) => self.edits.begin(edit, room),
            Ok(FromClient::Presence { data }) => self.pass_on(&data, sender),
            Ok(FromClient::Ping) => self.push(sender, render::PONG),
            Ok(FromClient::Auth(_)) => return self.fault("a socket authenticates once", sender),
            Err(problem) => return self.misread(text, problem, sender),
        }
        Ok(())
    }

    /// A message that cannot be understood. It is told; one who sends many is sent away.
    pub fn fault(&mut self, what: &'static str, sender: &mut Sender) -> Result<(), Close> {
        self.count_fault(what)?;
        self.refuse(None, Problem::new(Kind::InvalidBody, what), sender);
        Ok(())
    }

    fn misread(&mut self, text: &Bytes, problem: Problem, sender: &mut Sender) -> Result<(), Close> {
        // What there is no room for now is no mistake.
        if problem.kind != Kind::NoRoomForBody {
            self.count_fault(&problem.detail)?;
        }
        self.refuse(name_of(text).as_deref(), problem, sender);
        Ok(())
    }

    fn count_fault(&mut self, what: &str) -> Result<(), Close> {
        self.faults += 1;
        if self.faults > FAULTS_MAX {
            return Err(Close::new(Code::Protocol, format!("too many mistakes; the last one: {what}")));
        }
        Ok(())
    }

    /// Tells what became of an edit.
    pub fn answer(&mut self, edited: Edited, sender: &mut Sender) {
        match edited.outcome {
            Ok(version) => self.push(sender, &render::ack(edited.id.as_deref().unwrap_or_default(), version)),
            Err(problem) => self.refuse(edited.id.as_deref(), problem, sender),
        }
    }

    /// Asks the session for messages while `sender` has less than `bytes` to write.
    pub fn fill(&mut self, sender: &mut Sender, bytes: usize) -> Result<(), Close> {
        while self.rung && sender.outbox.len() < bytes {
            match self.session.next() {
                Some(Followed::Ended(refusal)) => return Err(hello::gone(&refusal)),
                Some(followed) => self.show(&followed, sender),
                None => self.rung = false,
            }
        }
        Ok(())
    }

    fn show(&self, followed: &Followed, sender: &mut Sender) {
        match followed {
            Followed::Snapshot(seen) => {
                self.app.metrics.socket_sent();
                sender.push_text(|out| render::snapshot(seen, out));
            }
            Followed::Update(update) => {
                self.app.metrics.socket_sent();
                let body = update.face(self.changes, || render::update(update, self.changes)).clone();
                sender.push_text(|_| body);
            }
            Followed::Ephemeral(said) => {
                // What JSON has no form for is for others.
                if let Some(data) = from_cbor(&said.data) {
                    self.push(sender, &render::presence(&said.sender, &data));
                }
            }
            Followed::Level(level) => self.push(sender, &render::access(*level)),
            Followed::Ended(_) => {}
        }
    }

    fn pass_on(&mut self, data: &Value, sender: &mut Sender) {
        let Some(data) = to_cbor(data).filter(|data| data.len() <= PRESENCE_BYTES_MAX) else {
            let what = "the size of a presence message in bytes";
            let problem = Problem::limit(Kind::BodyTooLarge, what, PRESENCE_BYTES_MAX, None);
            return self.refuse(None, problem, sender);
        };
        let (name, count) = (self.name.clone(), self.said);
        self.said += 1;
        // One socket is one process of the peer that it shows as.
        self.session.say(Ephemeral { sender: name.clone(), session: name, count, data: data.into() });
    }

    fn refuse(&self, id: Option<&str>, mut problem: Problem, sender: &mut Sender) {
        // A name that is too long for an edit is not said back.
        let id = id.filter(|id| id.len() <= self.app.limits.idempotency_key_bytes);
        if let Some(cause) = problem.cause.take() {
            tracing::error!(socket = &*self.name, edit = id, cause, "an edit failed");
        }
        self.push(sender, &render::error(id, &problem));
    }

    fn push(&self, sender: &mut Sender, text: &[u8]) {
        self.app.metrics.socket_sent();
        sender.push(crate::socket::Opcode::Text, text);
    }
}
