//! One channel at a gateway: what was asked and waits for its answer, and the sessions that stand.

use super::message::{Assembler, Frames, Kind, TooMuch};
use super::outbox::Outbox;
use super::session::Session;
use crate::transport::form::{Malformed, decode};
use crate::{Caller, OnMissed, OnRevoked, Refusal, TicketId};
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::oneshot;

use super::ask::Revoked;

/// Those who hear of tickets that were taken back.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) revoked: Mutex<Vec<OnRevoked>>,
    pub(super) missed: Mutex<Vec<OnMissed>>,
}

impl Heard {
    fn revoked(&self, caller: &Caller, id: TicketId) {
        let heard = self.revoked.lock().clone();
        heard.iter().for_each(|heard| heard(caller, id));
    }

    /// Something may have been lost.
    pub(super) fn missed(&self) {
        let heard = self.missed.lock().clone();
        heard.iter().for_each(|heard| heard());
    }
}

/// A channel, while its connection stands.
pub(super) struct Lines {
    pub(super) outbox: Arc<Outbox>,
    open: Mutex<Option<HashMap<u64, Line>>>,
    last: AtomicU64,
    heard: Arc<Heard>,
}

enum Line {
    Ask(oneshot::Sender<Bytes>),
    Session(Arc<Session>),
}

/// The channel has ended.
#[derive(Debug)]
pub(super) struct Ended;

impl Lines {
    pub(super) fn new(heard: Arc<Heard>) -> Lines {
        let open = Mutex::new(Some(HashMap::new()));
        Lines { outbox: Arc::default(), open, last: AtomicU64::new(0), heard }
    }

    /// Asks. Dropping what is given withdraws the question.
    pub(super) fn ask(self: &Arc<Lines>, body: Bytes) -> Result<Asked, Ended> {
        let (answer, reply) = oneshot::channel();
        let line = self.add(Line::Ask(answer))?;
        self.outbox.push(line, Kind::Ask, body);
        Ok(Asked { lines: self.clone(), line, reply })
    }

    /// Begins a session on a line of its own.
    pub(super) fn begin(
        &self,
        kind: Kind,
        body: Bytes,
        make: impl FnOnce(u64) -> Arc<Session>,
    ) -> Result<Arc<Session>, Ended> {
        let line = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let session = make(line);
        self.open.lock().as_mut().ok_or(Ended)?.insert(line, Line::Session(session.clone()));
        self.outbox.push(line, kind, body);
        Ok(session)
    }

    fn add(&self, entry: Line) -> Result<u64, Ended> {
        let line = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.open.lock().as_mut().ok_or(Ended)?.insert(line, entry);
        Ok(line)
    }

    /// Nobody listens on a line any more.
    pub(super) fn leave(&self, line: u64) {
        let known = self.open.lock().as_mut().and_then(|lines| lines.remove(&line)).is_some();
        if known {
            self.outbox.push(line, Kind::Leave, Bytes::new());
        }
    }

    /// Takes what the node sent.
    pub(super) fn take(&self, assembler: &mut Assembler, frames: Frames) -> Result<(), TooMuch> {
        for frame in frames.frames {
            if let Some((line, kind, body)) = assembler.add(frame)? {
                self.took(line, kind, body);
            }
        }
        Ok(())
    }

    /// What does not read is a refusal of its own line.
    fn took(&self, line: u64, kind: Kind, body: Bytes) {
        match kind {
            Kind::Answer => {
                let asked = self.open.lock().as_mut().and_then(|lines| lines.remove(&line));
                if let Some(Line::Ask(answer)) = asked {
                    // Whoever asked may be gone.
                    let _ = answer.send(body);
                }
            }
            Kind::Begun => self.with_session(line, |session| session.begun(outcome(&body))),
            Kind::Received => self.with_session(line, |session| session.received(outcome(&body))),
            Kind::Message => self.with_session(line, |session| session.arrived(body)),
            Kind::Revoked => match decode(&body) {
                Ok(Revoked { caller, id }) => self.heard.revoked(&caller, id),
                Err(error) => {
                    tracing::warn!(%error, "the notice of a ticket that was taken back does not read");
                    self.heard.missed();
                }
            },
            // Of a newer release, or not for us.
            _ => {}
        }
    }

    fn with_session(&self, line: u64, act: impl FnOnce(&Session)) {
        let session = match self.open.lock().as_ref().and_then(|lines| lines.get(&line)) {
            Some(Line::Session(session)) => session.clone(),
            _ => return,
        };
        act(&session);
    }

    /// Ends all: what was asked has no answer, and sessions are over.
    pub(super) fn end(&self) {
        self.outbox.close();
        let lines = self.open.lock().take().unwrap_or_default();
        for line in lines.into_values() {
            if let Line::Session(session) = line {
                session.broken();
            }
        }
    }
}

/// How something went, which is not well if the node's word of it does not read.
fn outcome(body: &[u8]) -> Result<(), Refusal> {
    decode(body).unwrap_or_else(|error: Malformed| {
        tracing::warn!(%error, "the word of a node does not read");
        Err(Refusal::Internal { reason: error.to_string() })
    })
}

/// A question that waits for its answer.
pub(super) struct Asked {
    lines: Arc<Lines>,
    line: u64,
    reply: oneshot::Receiver<Bytes>,
}

impl Asked {
    /// The answer.
    pub(super) async fn answer(mut self) -> Result<Bytes, Ended> {
        (&mut self.reply).await.map_err(|_| Ended)
    }
}

impl Drop for Asked {
    /// A line that was answered is gone already.
    fn drop(&mut self) {
        self.lines.leave(self.line);
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Frame;
    use super::*;
    use base::{DocId, ShardId, Slot};

    #[test]
    fn what_does_not_read_concerns_its_line_alone() {
        let id = DocId::mint(Slot::new(9).unwrap(), [1; 16]);
        let lines = Lines::new(Arc::default());
        let mut beginning = None;
        let make = |line| {
            let (session, begun) = Session::new(line, id, ShardId(7), Arc::new(|_| {}));
            beginning = Some(begun);
            session
        };
        lines.begin(Kind::Join, Bytes::new(), make).unwrap();
        let kinds = [(0, Kind::Revoked), (1, Kind::Begun), (1, Kind::Received)];
        let frame =
            |(line, kind): (u64, Kind)| Frame { line, kind: kind.into(), body: "?".into(), more: false };
        let frames = Frames { frames: kinds.map(frame).to_vec() };
        lines.take(&mut Assembler::default(), frames).unwrap();
        let begun = beginning.unwrap().try_recv();
        assert!(matches!(begun, Ok(Err(Refusal::Internal { .. }))), "{begun:?}");
    }
}
