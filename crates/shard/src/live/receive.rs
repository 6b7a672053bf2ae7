//! Receiving: what a peer says is taken in at once; the changes that it brings go into the document's queue.
//!
//! A message is never copied, however long it is. A peer is heard again when few enough of its bytes wait.

use super::access::Standing;
use super::allowance::Moment;
use super::session::{Phase, Session};
use super::upload::Upload;
use crate::documents::{Queued, unavailable};
use bytes::Bytes;
use crdt::sync::{Limits, Message};
use rpc::Refusal;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// How long a document that is not there is waited for: its maker and its first reader often come together.
const GRACE: Duration = Duration::from_millis(500);

/// Messages up to this are counted with their session; longer ones take room of the node while they wait.
const SHORT_BYTES: usize = 4 << 10;

/// What a message says, taken in.
struct TakenIn {
    /// The changes in it.
    changes: Bytes,
    /// Whether there is nothing to be said to it.
    is_quiet: bool,
}

impl TakenIn {
    fn nothing() -> TakenIn {
        TakenIn { changes: Bytes::new(), is_quiet: false }
    }
}

impl Session {
    /// Takes a message of the peer, if there is nothing to wait for: neither before it nor, should it bring changes, behind it.
    pub(super) fn receive_now(self: &Arc<Self>, message: &Bytes) -> Option<Result<(), Refusal>> {
        let room_behind = || {
            let waiting = self.waiting.load(Ordering::Acquire);
            waiting + message.len() <= self.engine.limits.sync_waiting_bytes
        };
        let at_once = message.len() <= SHORT_BYTES
            && self.allowance.rest(Moment::now()).is_zero()
            && room_behind()
            && self.live.reign.holds();
        if !at_once {
            return None;
        }
        match self.on_account(|| self.take_in(message)) {
            Ok(taken) => Some(self.go_on(&taken?, None)),
            Err(refusal) => Some(Err(refusal)),
        }
    }

    /// Takes a message of the peer. Returns when there is room for the next.
    pub(super) async fn receive(self: &Arc<Self>, message: Bytes) -> Result<(), Refusal> {
        let rest = self.allowance.rest(Moment::now());
        if !rest.is_zero() {
            self.engine.stopping.run_until_cancelled(tokio::time::sleep(rest)).await;
        }
        self.live.reign.until_held().await?;
        let room = match message.len() {
            0..=SHORT_BYTES => None,
            long => {
                let kib = u32::try_from(long / 1_024 + 1).unwrap_or(u32::MAX);
                let room = self.engine.upload_room.clone().acquire_many_owned(kib).await;
                Some(room.map_err(|_| unavailable(self.shard.id, "the node is stopping".to_owned()))?)
            }
        };
        let taken = loop {
            if matches!(self.standing()?, Standing::Open(_)) {
                self.live.ready(&self.engine, &self.shard).await?;
            }
            if let Some(taken) = self.on_account(|| self.take_in(&message))? {
                break taken;
            }
        };
        // Once changes are handed in, nothing is lost should the socket stop waiting.
        self.go_on(&taken, room)?;
        self.until_room().await
    }

    /// Goes on with what a message brought.
    fn go_on(self: &Arc<Self>, taken: &TakenIn, room: Option<OwnedSemaphorePermit>) -> Result<(), Refusal> {
        if taken.changes.is_empty() {
            if !taken.is_quiet {
                self.ring();
            }
            return Ok(());
        }
        self.shard.room_to_write()?;
        self.engine.live.figures.uploaded(taken.changes.len());
        self.hand_in(&taken.changes, room);
        Ok(())
    }

    /// Takes in what a message says. `None`: the content is not there, or went away under the message, and is to be loaded;
    /// nothing was taken in.
    fn take_in(self: &Arc<Self>, message: &Bytes) -> Result<Option<TakenIn>, Refusal> {
        let mut state = self.state.lock();
        let limits = Limits { orphan_bytes: self.engine.limits.sync_orphan_bytes, ..Limits::default() };
        let standing = self.standing()?;
        let content = self.live.content();
        if matches!(standing, Standing::Open(_)) && content.is_none() {
            return Ok(None);
        }
        drop(content);
        let has_some = || Message::decode(message, &limits).is_ok_and(|said| !said.heads.is_empty());
        if !state.admits(standing, has_some) {
            match state.phase {
                Phase::New | Phase::Resumed => {
                    state.phase = Phase::Grace;
                    self.wait_a_little();
                }
                // It asks once more.
                Phase::Absent { .. } if !has_some() => state.phase = Phase::Absent { told: false },
                _ => {}
            }
            self.weigh(None)?;
            return Ok(Some(TakenIn::nothing()));
        }
        let Phase::Syncing(peer) = &mut state.phase else { return Ok(Some(TakenIn::nothing())) };
        let (received, is_quiet) = self.live.with_graph(|graph| {
            let received = peer.receive(graph, message, &limits);
            (received, peer.is_quiet(graph))
        });
        let received =
            received.map_err(|error| Refusal::BadEdit { operation: None, reason: error.to_string() })?;
        self.weigh(Some(peer))?;
        let changes = match received.changes {
            Cow::Borrowed([]) => Bytes::new(),
            Cow::Borrowed(part) => message.slice_ref(part),
            Cow::Owned(whole) => whole.into(),
        };
        Ok(Some(TakenIn { changes, is_quiet }))
    }

    /// Puts changes into the document's queue.
    pub(super) fn hand_in(self: &Arc<Self>, changes: &Bytes, room: Option<OwnedSemaphorePermit>) {
        let open = self.engine.open.entry(self.shard.id, &self.live.doc);
        if open.queue.upload(Upload::pieces(self, changes, room)) == Queued::StartWork {
            self.engine.start_work(&self.shard, open);
        }
    }

    async fn until_room(&self) -> Result<(), Refusal> {
        while self.waiting.load(Ordering::Acquire) > self.engine.limits.sync_waiting_bytes {
            if self.is_over() {
                return Ok(());
            }
            self.room.notified().await;
        }
        Ok(())
    }

    /// So many more bytes wait to be taken.
    pub(super) fn waits(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Ordering::AcqRel);
    }

    /// So many bytes wait no more.
    pub(super) fn waits_no_more(&self, bytes: usize) {
        let before = self.waiting.fetch_sub(bytes, Ordering::AcqRel);
        let limit = self.engine.limits.sync_waiting_bytes;
        if before > limit && before - bytes <= limit {
            self.room.notify_one();
        }
    }

    /// Ends the grace in a moment.
    pub(super) fn wait_a_little(self: &Arc<Self>) {
        let (session, stopping) = (Arc::downgrade(self), self.engine.stopping.clone());
        self.engine.tasks.spawn(async move {
            stopping.run_until_cancelled(tokio::time::sleep(GRACE)).await;
            let Some(session) = session.upgrade() else { return };
            {
                let mut state = session.state.lock();
                if matches!(state.phase, Phase::Grace) {
                    state.phase = Phase::Absent { told: false };
                }
            }
            session.ring();
        });
    }
}
