//! One channel at a node: reads what a gateway sends, and keeps its sessions.

use super::answer::{Room, answer, failed, sendable};
use super::ask::{Ask, Begin, Shown};
use super::message::{Assembler, Frames, Kind, TooMuch};
use super::outbox::Outbox;
use super::panic::{self, OnPanic};
use super::served::{Served, Spoken};
use super::server::Hub;
use crate::transport::connection::Tasks;
use crate::transport::form::{Malformed, decode, digest_of, encode};
use crate::{At, Follow, Join, Read, Refusal, Seen};
use bytes::Bytes;
use hyper::rt::Executor;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio_util::task::TaskTracker;
use tonic::Streaming;

/// Requests of a channel that are being answered; more are refused. The gateway's own limit is below this.
const ASKS_IN_HAND: usize = 16_384;
/// Requests of a channel that wait for something to happen, beside those: each change feed of a gateway has one at each
/// shard. So they take no room from what is answered at once.
const WAITS_IN_HAND: usize = 131_072;
/// When to ask again if there are more.
const BUSY_RETRY: Duration = Duration::from_secs(1);

pub(super) struct Channel {
    hub: Hub,
    outbox: Arc<Outbox>,
    lines: Mutex<HashMap<u64, Line>>,
    /// For requests that are being answered.
    room: Arc<Semaphore>,
    /// For requests that wait for something to happen.
    waits: Arc<Semaphore>,
    /// For answers that wait to be sent.
    answers: Room,
    tasks: Tasks,
    /// Of all channels: those that are being answered.
    asks: TaskTracker,
}

enum Line {
    /// Somebody works on its answer, or on beginning its session.
    Working(Option<AbortHandle>),
    Session(Arc<Served>),
}

impl Channel {
    pub(super) fn new(hub: Hub, outbox: Arc<Outbox>, tasks: Tasks, asks: TaskTracker) -> Channel {
        let room = Arc::new(Semaphore::new(ASKS_IN_HAND));
        let waits = Arc::new(Semaphore::new(WAITS_IN_HAND));
        Channel { hub, outbox, lines: Mutex::default(), room, waits, answers: Room::new(), tasks, asks }
    }

    /// Reads until the gateway ends the stream, or breaks the protocol.
    pub(super) fn read(self: Arc<Channel>, mut incoming: Streaming<Frames>) {
        self.tasks.clone().execute(async move {
            // The gateway comes again, and finds its sessions gone.
            let _closing = OnPanic(|| self.outbox.close());
            let mut assembler = Assembler::default();
            let reason = loop {
                self.outbox.room().await;
                match incoming.message().await {
                    Ok(Some(frames)) => {
                        if let Err(error) = self.take(&mut assembler, frames) {
                            break error.to_string();
                        }
                    }
                    Ok(None) => break "the gateway ended it".to_owned(),
                    Err(status) => break status.message().to_owned(),
                }
            };
            tracing::debug!(reason, "a gateway's channel ended");
            self.outbox.close();
        });
    }

    fn take(self: &Arc<Channel>, assembler: &mut Assembler, frames: Frames) -> Result<(), TooMuch> {
        for frame in frames.frames {
            if let Some((line, kind, body)) = assembler.add(frame)? {
                self.took(line, kind, body);
            }
        }
        Ok(())
    }

    /// What does not read is refused on its own line.
    fn took(self: &Arc<Channel>, line: u64, kind: Kind, body: Bytes) {
        match kind {
            Kind::Ask => match decode(&body) {
                Ok(ask) => self.ask(line, ask),
                Err(error) => self.refuse(line, Kind::Answer, &error),
            },
            Kind::Join | Kind::Follow => match decode(&body) {
                Ok(begin) => self.begin(line, begin, kind == Kind::Join),
                Err(error) => self.refuse(line, Kind::Begun, &error),
            },
            Kind::Receive => self.with_session(line, |session| session.receive(body, &self.tasks)),
            Kind::Say => match decode(&body) {
                Ok(said) => self.with_session(line, |session| session.say(said)),
                Err(error) => tracing::debug!(%error, "what a session said is lost"),
            },
            Kind::Want => self.with_session(line, |session| session.want()),
            Kind::Leave => {
                let left = self.lines.lock().remove(&line);
                match left {
                    Some(Line::Working(Some(work))) => work.abort(),
                    Some(Line::Session(session)) => session.leave(),
                    Some(Line::Working(None)) | None => {}
                }
            }
            // Of a newer release, or not for us.
            _ => {}
        }
    }

    fn refuse(&self, line: u64, kind: Kind, error: &Malformed) {
        tracing::warn!(%error, "a gateway's request does not read");
        let refusal = Refusal::Internal { reason: error.to_string() };
        self.outbox.push(line, kind, encode::<Result<(), Refusal>>(&Err(refusal)));
    }

    fn with_session(&self, line: u64, act: impl FnOnce(&Arc<Served>)) {
        let session = match self.lines.lock().get(&line) {
            Some(Line::Session(session)) => session.clone(),
            _ => return,
        };
        act(&session);
    }

    fn ask(self: &Arc<Channel>, line: u64, ask: Ask) {
        let answered = |body| self.outbox.push(line, Kind::Answer, body);
        if let Ask::Read(caller, Read { id, at: At::Now, at_least }, have) = &ask
            && !self.outbox.is_full()
            && let Some(seen) = self.hub.shards.peek(caller, *id)
            && at_least.is_none_or(|index| seen.revision.index >= index)
        {
            let answer = encode::<Result<Shown, Refusal>>(&Ok(shown(seen, *have)));
            return answered(sendable(answer, false));
        }
        let room = if ask.waits() { &self.waits } else { &self.room };
        let Ok(room) = room.clone().try_acquire_owned() else {
            return answered(encode::<Result<(), Refusal>>(&Err(Refusal::Busy { retry_after: BUSY_RETRY })));
        };
        let (channel, token, writes) = (self.clone(), self.asks.token(), ask.writes());
        self.work(line, async move {
            let (_room, _token) = (room, token);
            let _failed =
                OnPanic(|| channel.failed(line, Kind::Answer, failed(writes, panic::REASON.to_owned())));
            let (body, permit) = answer(&channel.hub, ask, &channel.answers).await;
            channel.lines.lock().remove(&line);
            channel.outbox.push_held(line, Kind::Answer, body, permit);
        });
    }

    fn failed(&self, line: u64, kind: Kind, said: Bytes) {
        self.lines.lock().remove(&line);
        self.outbox.push(line, kind, said);
    }

    /// Works on a line until it is done or the gateway leaves it.
    fn work(&self, line: u64, work: impl Future<Output = ()> + Send + 'static) {
        self.lines.lock().insert(line, Line::Working(None));
        let cancel = self.tasks.cancel.clone();
        let task = self.tasks.tracker.spawn(async move {
            cancel.run_until_cancelled(work).await;
        });
        // It may be done already, and the line gone or a session.
        if let Some(Line::Working(handle)) = self.lines.lock().get_mut(&line) {
            *handle = Some(task.abort_handle());
        }
    }

    fn begin(self: &Arc<Channel>, line: u64, begin: Begin, sync: bool) {
        let channel = self.clone();
        self.work(line, async move {
            let refused = || encode::<Result<(), Refusal>>(&Err(panic::refusal()));
            let _failed = OnPanic(|| channel.failed(line, Kind::Begun, refused()));
            let begun = channel.begun(line, begin, sync).await;
            let result = begun.map(|session| {
                let mut lines = channel.lines.lock();
                // The gateway may have left meanwhile: then the session ends here.
                if lines.contains_key(&line) {
                    lines.insert(line, Line::Session(session));
                }
            });
            if result.is_err() {
                channel.lines.lock().remove(&line);
            }
            channel.outbox.push(line, Kind::Begun, encode(&result));
            // The bell may have rung before there was a session to ask.
            channel.outbox.ring(line);
        });
    }

    async fn begun(&self, line: u64, begin: Begin, sync: bool) -> Result<Arc<Served>, Refusal> {
        let (bell, rung) = Served::bell(line, self.outbox.clone());
        let spoken = self.spoken(begin, bell, sync).await?;
        Ok(Arc::new(Served::new(line, spoken, rung, self.outbox.clone())))
    }

    async fn spoken(&self, begin: Begin, bell: crate::Bell, sync: bool) -> Result<Spoken, Refusal> {
        let Begin { caller, id, since, changes, resumed } = begin;
        if sync {
            return self.hub.live.join(caller, Join { id, resumed, bell }).await.map(Spoken::Sync);
        }
        self.hub.live.follow(caller, Follow { id, since, changes, bell }).await.map(Spoken::Follow)
    }

    /// What to send next; waits for it. Sessions whose bells rang are asked here, and only now make their messages.
    pub(super) async fn sending(&self) -> Option<Frames> {
        loop {
            self.outbox.ready().await?;
            while let Some(line) = self.outbox.rung() {
                self.with_session(line, |session| session.pull());
            }
            if let Some(frames) = self.outbox.batch() {
                return Some(frames);
            }
        }
    }

    /// Ends all that goes on here: the gateway is gone.
    pub(super) fn end(&self) {
        self.tasks.cancel.cancel();
        self.outbox.close();
        // Dropped outside the lock: a session's end is the shard's code.
        let lines = std::mem::take(&mut *self.lines.lock());
        drop(lines);
    }
}

/// The answer to a read by a gateway that has a view.
pub(super) fn shown(seen: Seen, have: Option<crate::transport::form::Digest>) -> Shown {
    let digest = digest_of(&seen.view);
    if have == Some(digest) { Shown::Same(seen.level, seen.revision) } else { Shown::View(digest, seen) }
}
