//! A session of a gateway's socket, at the node. It is asked for a message only when the gateway has room for one.

use super::message::{Kind, fits};
use super::outbox::Outbox;
use super::panic::{self, OnPanic};
use crate::transport::connection::Tasks;
use crate::transport::form::encode;
use crate::{Bell, Ephemeral, FollowSession, Followed, Refusal, SyncSession, Synced};
use bytes::Bytes;
use hyper::rt::Executor;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Messages that a gateway takes before its socket has asked for one: one on its way while another is sent.
pub(super) const SESSION_CREDIT: usize = 2;
/// Messages of the peer that may wait to be taken in. A gateway sends one at a time, and another if it gave one up.
const RECEIVES_WAITING: usize = 16;
/// What a peer sent before it left is taken in all the same, unless that takes longer: a session must not outlive its peer.
const LEFT_LIMIT: Duration = Duration::from_secs(5);
/// When to come again if there are more.
const BUSY_RETRY: Duration = Duration::from_secs(1);

/// What a session speaks.
pub(super) enum Spoken {
    Sync(Arc<dyn SyncSession>),
    Follow(Arc<dyn FollowSession>),
}

pub(super) struct Served {
    line: u64,
    spoken: Spoken,
    outbox: Arc<Outbox>,
    rung: Arc<AtomicBool>,
    /// How many more messages the gateway takes. Held while the session is asked, so that its messages keep their order.
    credit: Mutex<usize>,
    receiving: Mutex<Receiving>,
    left: CancellationToken,
}

#[derive(Default)]
struct Receiving {
    busy: bool,
    waiting: VecDeque<Bytes>,
    /// How many came behind those and are refused. Only then, as answers have no names but their order.
    refused: usize,
}

impl Served {
    /// A bell for a line, and the mark that it has rung.
    pub(super) fn bell(line: u64, outbox: Arc<Outbox>) -> (Bell, Arc<AtomicBool>) {
        let rung = Arc::new(AtomicBool::new(false));
        let mark = rung.clone();
        let bell: Bell = Arc::new(move |_| {
            if !mark.swap(true, Ordering::AcqRel) {
                outbox.ring(line);
            }
        });
        (bell, rung)
    }

    pub(super) fn new(line: u64, spoken: Spoken, rung: Arc<AtomicBool>, outbox: Arc<Outbox>) -> Served {
        let (receiving, left) = Default::default();
        Served { line, spoken, outbox, rung, credit: Mutex::new(SESSION_CREDIT), receiving, left }
    }

    /// The gateway has left the line.
    pub(super) fn leave(&self) {
        self.left.cancel();
    }

    /// Puts what the session has into the outbox, as far as there is credit.
    pub(super) fn pull(&self) {
        // Before asking: a ring from here on is another one.
        self.rung.store(false, Ordering::Release);
        let mut credit = self.credit.lock();
        while *credit > 0
            && let Some(message) = self.next()
        {
            *credit -= 1;
            self.outbox.push(self.line, Kind::Message, message);
        }
    }

    /// The next message. One that is too long is the end of the session, and of nothing else.
    fn next(&self) -> Option<Bytes> {
        let (message, ended): (Bytes, fn(Refusal) -> Bytes) = match &self.spoken {
            Spoken::Sync(session) => (encode(&session.next()?), |refusal| encode(&Synced::Ended(refusal))),
            Spoken::Follow(session) => {
                (encode(&session.next()?), |refusal| encode(&Followed::Ended(refusal)))
            }
        };
        match fits(&message) {
            Ok(()) => Some(message),
            Err(error) => Some(ended(Refusal::Internal { reason: error.to_string() })),
        }
    }

    /// The gateway has room for one more.
    pub(super) fn want(&self) {
        {
            let mut credit = self.credit.lock();
            *credit = (*credit + 1).min(SESSION_CREDIT);
        }
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.outbox.ring(self.line);
        }
    }

    pub(super) fn say(&self, ephemeral: Ephemeral) {
        match &self.spoken {
            Spoken::Sync(session) => session.say(ephemeral),
            Spoken::Follow(session) => session.say(ephemeral),
        }
    }

    /// Takes in a message of the peer, after those before it.
    pub(super) fn receive(self: &Arc<Served>, message: Bytes, tasks: &Tasks) {
        let Spoken::Sync(session) = &self.spoken else { return };
        let mut receiving = self.receiving.lock();
        if receiving.busy {
            if receiving.refused == 0 && receiving.waiting.len() < RECEIVES_WAITING {
                receiving.waiting.push_back(message);
            } else {
                receiving.refused += 1;
            }
            return;
        }
        match session.receive_now(&message) {
            Some(result) => self.received(&result),
            None => {
                receiving.busy = true;
                let (served, session) = (self.clone(), session.clone());
                tasks.execute(async move {
                    let overdue = async {
                        served.left.cancelled().await;
                        sleep(LEFT_LIMIT).await;
                    };
                    tokio::select! {
                        () = served.receive_all(&*session, message) => {}
                        () = overdue => {}
                    }
                });
            }
        }
    }

    async fn receive_all(&self, session: &dyn SyncSession, first: Bytes) {
        let _failed = OnPanic(|| self.failed());
        let mut message = first;
        loop {
            let result = session.receive(message).await;
            self.received(&result);
            let mut receiving = self.receiving.lock();
            match receiving.waiting.pop_front() {
                Some(next) => message = next,
                None => {
                    let refused = std::mem::take(&mut receiving.refused);
                    (0..refused).for_each(|_| self.received(&Err(Refusal::Busy { retry_after: BUSY_RETRY })));
                    return receiving.busy = false;
                }
            }
        }
    }

    /// Refuses what was being taken in, and what waited behind it.
    fn failed(&self) {
        let Receiving { waiting, refused, .. } = std::mem::take(&mut *self.receiving.lock());
        (0..=waiting.len() + refused).for_each(|_| self.received(&Err(panic::refusal())));
    }

    fn received(&self, result: &Result<(), Refusal>) {
        self.outbox.push(self.line, Kind::Received, encode(result));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Answer;
    use crate::transport::form::decode;
    use tokio::sync::Notify;

    /// Takes in one message for each notice.
    #[derive(Default)]
    struct Slow(Notify);

    impl SyncSession for Slow {
        fn receive(&self, _: Bytes) -> Answer<'_, ()> {
            Box::pin(async {
                self.0.notified().await;
                Ok(())
            })
        }

        fn receive_now(&self, _: &Bytes) -> Option<Result<(), Refusal>> {
            None
        }

        fn say(&self, _: Ephemeral) {}

        fn next(&self) -> Option<Synced> {
            None
        }
    }

    fn served(slow: &Arc<Slow>) -> Arc<Served> {
        let outbox = Arc::<Outbox>::default();
        let (_, rung) = Served::bell(1, outbox.clone());
        Arc::new(Served::new(1, Spoken::Sync(slow.clone()), rung, outbox))
    }

    #[tokio::test]
    async fn messages_are_answered_in_their_order_also_when_there_are_too_many() {
        let (slow, tasks) = (Arc::<Slow>::default(), Tasks::new());
        let served = served(&slow);
        let all = RECEIVES_WAITING + 4;
        (0..all).for_each(|_| served.receive(Bytes::new(), &tasks));
        while served.outbox.waiting(1) < all {
            slow.0.notify_one();
            tokio::task::yield_now().await;
        }
        let answers = std::iter::from_fn(|| served.outbox.batch()).flat_map(|batch| batch.frames);
        let taken: Vec<bool> =
            answers.map(|frame| decode::<Result<(), Refusal>>(&frame.body).unwrap().is_ok()).collect();
        assert_eq!(taken, (0..all).map(|at| at <= RECEIVES_WAITING).collect::<Vec<_>>());
        // From here on there is room again.
        served.receive(Bytes::new(), &tasks);
        slow.0.notify_one();
        while served.outbox.is_empty() {
            tokio::task::yield_now().await;
        }
        tasks.close().await;
    }

    #[tokio::test]
    async fn a_session_that_was_left_ends_though_a_message_is_being_taken_in() {
        let (slow, tasks) = (Arc::<Slow>::default(), Tasks::new());
        let served = served(&slow);
        served.receive(Bytes::new(), &tasks);
        served.leave();
        drop(served);
        tasks.tracker.close();
        tokio::time::timeout(2 * LEFT_LIMIT, tasks.tracker.wait()).await.unwrap();
        assert_eq!(Arc::strong_count(&slow), 1);
    }
}
