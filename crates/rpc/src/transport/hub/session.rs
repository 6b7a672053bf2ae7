//! A session at a gateway, whose other end is at a node. It holds as many messages as it gave credit for, and no more.

use super::lines::Lines;
use super::message::{Kind, MESSAGE_BYTES_MAX, TooLong, fits};
use super::served::SESSION_CREDIT;
use crate::transport::form::{Form, decode, encode};
use crate::{Answer, Bell, Ephemeral, FollowSession, Followed, LimitKind, Refusal, SyncSession, Synced};
use base::{DocId, ShardId};
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::oneshot;

/// What is said waits no longer than this many others: lost rather than late.
const SAID_WAITING: usize = 8;
/// A message that is sent without waiting for the answer to it is not longer.
const AT_ONCE_BYTES: usize = 64 << 10;
/// When to come again after the connection broke: the gateway finds the node anew.
pub(super) const RETRY_AFTER: Duration = Duration::from_millis(200);

/// What both ends of the channel know of a session.
pub(super) struct Session {
    line: u64,
    id: DocId,
    shard: ShardId,
    bell: Bell,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whoever waits for the beginning.
    begun: Option<oneshot::Sender<Result<(), Refusal>>>,
    arrived: VecDeque<Bytes>,
    /// Why it is over; shown after what has arrived, once.
    ended: Option<Refusal>,
    /// Those whose messages have not been answered, in order; `None` where nobody waits.
    receiving: VecDeque<Option<oneshot::Sender<Result<(), Refusal>>>>,
    over: bool,
}

impl State {
    /// Marks the end, unless there is one.
    fn end(&mut self, refusal: Refusal) {
        if !self.over {
            self.over = true;
            self.ended = Some(refusal);
        }
    }
}

impl Session {
    pub(super) fn new(
        line: u64,
        id: DocId,
        shard: ShardId,
        bell: Bell,
    ) -> (Arc<Session>, oneshot::Receiver<Result<(), Refusal>>) {
        let (begun, beginning) = oneshot::channel();
        let state = Mutex::new(State { begun: Some(begun), ..State::default() });
        (Arc::new(Session { line, id, shard, bell, state }), beginning)
    }

    pub(super) fn begun(&self, result: Result<(), Refusal>) {
        if let Some(begun) = self.state.lock().begun.take() {
            let _ = begun.send(result);
        }
    }

    pub(super) fn received(&self, result: Result<(), Refusal>) {
        let waiting = self.state.lock().receiving.pop_front().flatten();
        match (waiting, result) {
            (Some(waiting), result) => {
                // Whoever gave the message may be gone.
                let _ = waiting.send(result);
            }
            (None, Ok(())) => {}
            (None, Err(refusal)) => self.end(refusal),
        }
    }

    pub(super) fn arrived(&self, message: Bytes) {
        {
            let mut state = self.state.lock();
            if state.arrived.len() >= SESSION_CREDIT {
                drop(state);
                return self
                    .end(Refusal::Internal { reason: "a node sent more than it was asked for".to_owned() });
            }
            state.arrived.push_back(message);
        }
        (self.bell)(self.id);
    }

    /// The connection broke.
    pub(super) fn broken(&self) {
        let (waiting, begun) = {
            let mut state = self.state.lock();
            // With those who wait taken out: whoever comes later would wait for ever.
            state.end(self.unavailable());
            (std::mem::take(&mut state.receiving), state.begun.take())
        };
        for waiting in waiting.into_iter().flatten().chain(begun) {
            let _ = waiting.send(Err(self.unavailable()));
        }
        (self.bell)(self.id);
    }

    fn end(&self, refusal: Refusal) {
        self.state.lock().end(refusal);
        (self.bell)(self.id);
    }

    fn unavailable(&self) -> Refusal {
        let reason = "the connection to its node broke".to_owned();
        Refusal::Unavailable { shard: self.shard, reason, retry_after: RETRY_AFTER }
    }
}

/// What a client is told of a message that no line takes.
pub(super) fn too_large(what: LimitKind, actual: usize) -> Refusal {
    Refusal::TooLarge { what, limit: MESSAGE_BYTES_MAX, actual: Some(actual) }
}

/// What the gateway holds. Dropping it leaves the document at the node.
pub(super) struct Remote {
    session: Arc<Session>,
    /// Not counted: a session does not keep a broken channel.
    lines: Weak<Lines>,
}

impl Remote {
    pub(super) fn new(session: Arc<Session>, lines: &Arc<Lines>) -> Remote {
        Remote { session, lines: Arc::downgrade(lines) }
    }

    fn push(&self, kind: Kind, body: Bytes) -> bool {
        let lines = self.lines.upgrade();
        lines.map(|lines| lines.outbox.push(self.session.line, kind, body)).is_some()
    }

    fn say_it(&self, ephemeral: &Ephemeral) {
        let Some(lines) = self.lines.upgrade() else { return };
        let said = encode(ephemeral);
        if fits(&said).is_ok() && lines.outbox.waiting(self.session.line) < SAID_WAITING {
            lines.outbox.push(self.session.line, Kind::Say, said);
        }
    }

    /// The next message, or the end; whoever takes a message makes room for another.
    fn next_of<T: Form>(&self, ended: impl Fn(Refusal) -> T) -> Option<T> {
        let message = {
            let mut state = self.session.state.lock();
            match state.arrived.pop_front() {
                Some(message) => message,
                None => return state.ended.take().map(ended),
            }
        };
        self.push(Kind::Want, Bytes::new());
        let decoded = decode(&message);
        Some(decoded.unwrap_or_else(|error| ended(Refusal::Internal { reason: error.to_string() })))
    }
}

impl SyncSession for Remote {
    fn receive(&self, message: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            fits(&message).map_err(|TooLong(length)| too_large(LimitKind::Change, length))?;
            let (answer, reply) = oneshot::channel();
            {
                // Pushed under the lock, so that answers find their messages.
                let mut state = self.session.state.lock();
                if state.over || !self.push(Kind::Receive, message) {
                    return Err(self.session.unavailable());
                }
                state.receiving.push_back(Some(answer));
            }
            reply.await.unwrap_or_else(|_| Err(self.session.unavailable()))
        })
    }

    /// One message goes without waiting; a refusal of it is the end of the session all the same.
    fn receive_now(&self, message: &Bytes) -> Option<Result<(), Refusal>> {
        let mut state = self.session.state.lock();
        if state.over || !state.receiving.is_empty() || message.len() > AT_ONCE_BYTES {
            return None;
        }
        let sent = self.push(Kind::Receive, message.clone());
        sent.then(|| {
            state.receiving.push_back(None);
            Ok(())
        })
    }

    fn say(&self, ephemeral: Ephemeral) {
        self.say_it(&ephemeral);
    }

    fn next(&self) -> Option<Synced> {
        self.next_of(Synced::Ended)
    }
}

impl FollowSession for Remote {
    fn say(&self, ephemeral: Ephemeral) {
        self.say_it(&ephemeral);
    }

    fn next(&self) -> Option<Followed> {
        self.next_of(Followed::Ended)
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some(lines) = self.lines.upgrade() {
            lines.leave(self.session.line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Slot;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Wake};

    /// Whether a session was over when somebody was woken.
    struct Woken {
        session: Arc<Session>,
        over: AtomicBool,
    }

    impl Wake for Woken {
        fn wake(self: Arc<Woken>) {
            self.over.store(self.session.state.lock().over, Ordering::SeqCst);
        }
    }

    /// Whoever gives a message from then on is refused: nobody would tell it later.
    #[test]
    fn a_session_is_over_before_those_who_wait_are_told() {
        let id = DocId::mint(Slot::new(9).unwrap(), [1; 16]);
        let (session, _beginning) = Session::new(1, id, ShardId(7), Arc::new(|_| {}));
        let (answer, mut reply) = oneshot::channel();
        session.state.lock().receiving.push_back(Some(answer));
        let woken = Arc::new(Woken { session: session.clone(), over: AtomicBool::new(false) });
        let waker = woken.clone().into();
        let mut context = Context::from_waker(&waker);
        assert!(Future::poll(std::pin::Pin::new(&mut reply), &mut context).is_pending());
        session.broken();
        assert!(woken.over.load(Ordering::SeqCst));
        assert!(matches!(reply.try_recv(), Ok(Err(Refusal::Unavailable { .. }))));
    }
}
