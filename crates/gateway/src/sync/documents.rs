//! The sessions of a socket, and the work that is under way for them.
//!
//! Messages of one document go to its session one after the other; the documents of a socket go side by side. Most messages
//! acknowledge what was sent: those are taken in at once, and nothing is under way for them.

use crate::gate::Pass;
use base::DocId;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rpc::{Bell, Caller, Join, Refusal, SharedLive, SyncSession};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

/// Messages that a socket may have in hand; with more, it is not read.
const IN_HAND_MAX: usize = 64;

/// A session at the shard.
type Session = Arc<dyn SyncSession>;

/// Work on a message.
type Work = Pin<Box<dyn Future<Output = Worked> + Send>>;

/// A message that was worked on.
pub(super) struct Worked {
    pub id: DocId,
    pub done: Result<Session, Refusal>,
}

/// A message that waits for those before it, with the room that it takes.
type Waiting = (Bytes, Pass);

/// The documents of one socket.
pub(super) struct Documents {
    live: SharedLive,
    caller: Caller,
    bell: Bell,
    documents_max: usize,
    known: HashMap<DocId, Document>,
    working: FuturesUnordered<Work>,
    waiting: usize,
}

#[derive(Default)]
struct Document {
    /// None until the shard has answered.
    session: Option<Session>,
    /// Whether a message is with the shard.
    working: bool,
    /// Its session has ended while a message is with the shard; what comes until that is back is lost.
    over: bool,
    waiting: VecDeque<Waiting>,
}

/// Why a message was not taken in hand.
#[derive(Debug)]
pub(super) enum Unheard {
    /// The socket has as many documents as it may.
    TooMany { limit: usize },
    /// It is the end of its document's session.
    Refused(Refusal),
}

impl Document {
    /// The session, if nothing is to come before the next message.
    fn idle_session(&self) -> Option<&Session> {
        self.session.as_ref().filter(|_| !self.working && self.waiting.is_empty())
    }
}

impl Documents {
    pub fn new(live: SharedLive, caller: Caller, bell: Bell, documents_max: usize) -> Documents {
        let (known, working) = (HashMap::new(), FuturesUnordered::new());
        Documents { live, caller, bell, documents_max, known, working, waiting: 0 }
    }

    /// Whether another message can be taken in hand.
    pub fn has_room(&self) -> bool {
        self.working.len() + self.waiting < IN_HAND_MAX
    }

    /// Takes a message of a document in hand.
    pub fn receive(&mut self, id: DocId, message: Bytes, room: Pass) -> Result<(), Unheard> {
        let known = self.known.len();
        let document = match self.known.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if known >= self.documents_max => {
                return Err(Unheard::TooMany { limit: self.documents_max });
            }
            Entry::Vacant(new) => new.insert(Document::default()),
        };
        if document.over {
            return Ok(());
        }
        match document.idle_session().and_then(|session| session.receive_now(&message)) {
            Some(Ok(())) => return Ok(()),
            Some(Err(refusal)) => {
                self.forget(id);
                return Err(Unheard::Refused(refusal));
            }
            None => document.waiting.push_back((message, room)),
        }
        self.waiting += 1;
        self.advance(id);
        Ok(())
    }

    /// The next message that was worked on; once nothing is under way, it never comes.
    pub async fn worked(&mut self) -> Worked {
        match self.working.next().await {
            Some(worked) => worked,
            None => std::future::pending().await,
        }
    }

    /// Notes what came of a message, and goes on with the next one of its document. Whether its session is new.
    pub fn settle(&mut self, worked: Worked) -> Result<bool, Refusal> {
        let Worked { id, done } = worked;
        let Some(document) = self.known.get_mut(&id) else { return Ok(false) };
        document.working = false;
        match done {
            _ if document.over => {
                self.known.remove(&id);
                Ok(false)
            }
            Ok(session) => {
                let new = document.session.replace(session).is_none();
                self.advance(id);
                Ok(new)
            }
            Err(refusal) => {
                self.forget(id);
                Err(refusal)
            }
        }
    }

    /// The session of a document, once the shard has answered.
    pub fn session(&self, id: DocId) -> Option<&Session> {
        self.known.get(&id)?.session.as_ref()
    }

    /// Ends the session of a document. What waits for it is lost; its next message begins another.
    pub fn forget(&mut self, id: DocId) {
        let Some(document) = self.known.get_mut(&id) else { return };
        self.waiting -= document.waiting.len();
        if document.working {
            *document = Document { working: true, over: true, ..Document::default() };
        } else {
            self.known.remove(&id);
        }
    }

    /// Gives the next message of a document to the shard, if none is there.
    fn advance(&mut self, id: DocId) {
        let Some(document) = self.known.get_mut(&id).filter(|document| !document.working) else { return };
        let Some((message, room)) = document.waiting.pop_front() else {
            // An idle document keeps no queue.
            document.waiting = VecDeque::new();
            return;
        };
        self.waiting -= 1;
        document.working = true;
        let session = document.session.clone();
        let (live, caller) = (self.live.clone(), self.caller.clone());
        let join = Join { id, resumed: false, bell: self.bell.clone() };
        self.working.push(Box::pin(async move {
            let done = async {
                let session = match session {
                    Some(session) => session,
                    None => live.join(caller, join).await?,
                };
                session.receive(message).await?;
                Ok(session)
            };
            let done = done.await;
            drop(room);
            Worked { id, done }
        }));
    }
}
