//! What a message means: from the client to the sessions, and from the sessions to the client.

use super::credential::Grant;
use super::documents::{Documents, Unheard, Worked};
use super::handshake::unavailable;
use super::names::Names;
use crate::app::App;
use crate::gate::Pass;
use crate::socket::{Close, Code, Sender, Signals};
use base::DocId;
use bytes::Bytes;
use rpc::{Bell, Ephemeral, Refusal, Synced};
use std::collections::VecDeque;
use std::sync::Arc;
use wire::{Body, Message};

/// Mistakes that a client may make before it is sent away.
const FAULTS_MAX: u32 = 32;

/// The longest ephemeral message that is passed on. They hold cursors and names.
const EPHEMERAL_BYTES_MAX: usize = 64 << 10;

/// The longest `sessionId` of one. It goes to everyone at the document with each message.
const SESSION_ID_BYTES_MAX: usize = 256;

/// The longest name of a document that is said back to whoever used it. What names one is shorter.
const DOCUMENT_NAME_BYTES_MAX: usize = 64;

/// Documents for which a socket keeps room in its turns.
const READY_KEPT: usize = 4;

/// A client that has joined.
pub(super) struct Peer {
    app: Arc<App>,
    grant: Grant,
    /// The name that it chose.
    name: Arc<str>,
    signals: Arc<Signals>,
    pub documents: Documents,
    /// Documents that may have something to send.
    ready: VecDeque<DocId>,
    names: Names,
    faults: u32,
}

impl Peer {
    pub fn new(app: Arc<App>, grant: Grant, name: Arc<str>, signals: Arc<Signals>) -> Peer {
        let bell: Bell = {
            let signals = signals.clone();
            Arc::new(move |id| signals.ring(id))
        };
        let documents =
            Documents::new(app.live.clone(), grant.caller.clone(), bell, app.limits.sync_documents);
        Peer {
            app,
            grant,
            name,
            signals,
            documents,
            ready: VecDeque::new(),
            names: Names::default(),
            faults: 0,
        }
    }

    /// Takes in one frame.
    pub fn hear(&mut self, frame: &Bytes, room: Pass, sender: &mut Sender) -> Result<(), Close> {
        let message = match Message::decode(frame) {
            Ok(message) => message,
            Err(error) => return self.fault(&error.to_string(), sender),
        };
        // The name is bound to the socket: what is said in another's name is not heard.
        if message.sender != &*self.name {
            return Ok(());
        }
        match message.body {
            Body::Request { document, data } | Body::Sync { document, data } => {
                self.sync(document, data, room, sender)
            }
            Body::Ephemeral { document, session, count, data } => {
                self.pass_on(document, session, count, data);
                Ok(())
            }
            Body::Leave => Err(Close::new(Code::Normal, "")),
            Body::Join { .. } => self.fault("a socket joins once", sender),
            // A hub asks nobody for documents, stores in nobody's name, and takes no orders.
            Body::Unavailable { .. }
            | Body::RemoteSubscription { .. }
            | Body::RemoteHeads { .. }
            | Body::Error { .. }
            | Body::Peer { .. }
            | Body::Unknown { .. } => Ok(()),
        }
    }

    /// A mistake of the client. It is told; one who makes many is sent away.
    pub fn fault(&mut self, what: &str, sender: &mut Sender) -> Result<(), Close> {
        self.faults += 1;
        if self.faults > FAULTS_MAX {
            return Err(Close::new(Code::Protocol, format!("too many mistakes; the last one: {what}")));
        }
        self.say(sender, Body::Error { message: what });
        Ok(())
    }

    fn sync(&mut self, name: &str, data: Bytes, room: Pass, sender: &mut Sender) -> Result<(), Close> {
        // What is no id, and what the ticket is not for, looks like what does not exist.
        let Some(id) = self.names.id(name).filter(|id| self.grant.covers(*id)) else {
            if name.len() > DOCUMENT_NAME_BYTES_MAX {
                let what = format!("a documentId has at most {DOCUMENT_NAME_BYTES_MAX} bytes");
                return self.fault(&what, sender);
            }
            self.say(sender, Body::Unavailable { document: name });
            return Ok(());
        };
        match self.documents.receive(id, data, room) {
            Ok(()) => Ok(()),
            Err(Unheard::Refused(refusal)) => self.refused(id, &refusal, sender),
            Err(Unheard::TooMany { limit }) => {
                self.say(sender, Body::Unavailable { document: name });
                let message = format!("a socket has at most {limit} documents; open another one for more");
                self.say(sender, Body::Error { message: &message });
                Ok(())
            }
        }
    }

    fn pass_on(&mut self, name: &str, session: &str, count: u64, data: Bytes) {
        let known = self.names.id(name).and_then(|id| self.documents.session(id));
        let fits = data.len() <= EPHEMERAL_BYTES_MAX && session.len() <= SESSION_ID_BYTES_MAX;
        if let Some(known) = known.filter(|_| fits) {
            known.say(Ephemeral { sender: self.name.clone(), session: session.into(), count, data });
        }
    }

    /// Notes what came of a message. What it made may be sent from now on.
    pub fn settle(&mut self, worked: Worked, sender: &mut Sender) -> Result<(), Close> {
        let id = worked.id;
        match self.documents.settle(worked) {
            Ok(new) => {
                if new {
                    // It may have rung before it was known here.
                    self.signals.ring(id);
                }
                Ok(())
            }
            Err(refusal) => self.refused(id, &refusal, sender),
        }
    }

    /// Whether there are sessions that may have something to send now.
    pub fn has_more(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Asks sessions for messages while `sender` has less than `bytes` to write; in turn, so that none is left behind.
    pub fn fill(&mut self, sender: &mut Sender, bytes: usize) -> Result<(), Close> {
        while sender.outbox.len() < bytes {
            let Some(id) = self.ready.pop_front() else {
                self.ready.extend(self.signals.take());
                if self.ready.is_empty() {
                    // What many documents at once needed is not kept.
                    self.ready.shrink_to(READY_KEPT);
                    return Ok(());
                }
                continue;
            };
            if let Some(synced) = self.documents.session(id).and_then(|session| session.next()) {
                self.show(id, synced, sender)?;
                self.ready.push_back(id);
            }
        }
        Ok(())
    }

    fn show(&mut self, id: DocId, synced: Synced, sender: &mut Sender) -> Result<(), Close> {
        let name = self.names.name(id);
        let document = name.as_str();
        match synced {
            Synced::Message(data) => self.say(sender, Body::Sync { document, data }),
            Synced::Unavailable => self.say(sender, Body::Unavailable { document }),
            Synced::Ephemeral(said) => {
                let Ephemeral { sender: from, session, count, data } = &*said;
                let body = Body::Ephemeral { document, session, count: *count, data: data.clone() };
                self.send(sender, Message { sender: from, target: &self.name, body });
            }
            Synced::Ended(refusal) => {
                self.documents.forget(id);
                return self.refused(id, &refusal, sender);
            }
        }
        Ok(())
    }

    /// The session of a document is over. Where to come again may help, the client has to, with all it has: a stock
    /// client asks for a document again only when it connects. Only what it did wrong itself counts as its mistake.
    fn refused(&mut self, id: DocId, refusal: &Refusal, sender: &mut Sender) -> Result<(), Close> {
        let what = match refusal {
            Refusal::Unavailable { .. }
            | Refusal::Elsewhere { .. }
            | Refusal::Unknown { .. }
            | Refusal::Busy { .. }
            | Refusal::DiskFull { .. } => return Err(unavailable(refusal)),
            Refusal::Internal { reason } => {
                tracing::error!(%id, reason, "a session failed");
                return Err(unavailable(refusal));
            }
            Refusal::Damaged { reason } => {
                tracing::error!(%id, reason, "a document is damaged");
                "what is stored of it does not open; the operator finds the reason in the log".to_owned()
            }
            other => other.to_string(),
        };
        let name = self.names.name(id);
        self.say(sender, Body::Unavailable { document: name.as_str() });
        let what = format!("document {name}: {what}");
        if matches!(refusal, Refusal::BadEdit { .. } | Refusal::TooLarge { .. }) {
            return self.fault(&what, sender);
        }
        self.say(sender, Body::Error { message: &what });
        Ok(())
    }

    fn say(&self, sender: &mut Sender, body: Body<'_>) {
        self.send(sender, Message { sender: &self.app.peer_id, target: &self.name, body });
    }

    fn send(&self, sender: &mut Sender, message: Message<'_>) {
        self.app.metrics.socket_sent();
        sender.push_binary(|out| message.encode_front(out));
    }
}
