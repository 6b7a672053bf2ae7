//! A session: one peer of the sync protocol at one document.
//!
//! It is a value behind a lock that is held for moments only. What it has to say is made when its socket asks for it;
//! until then it costs what it is.

use super::access::Standing;
use super::allowance::Allowance;
use super::document::LiveDocument;
use super::fetch::Fetch;
use crate::documents::Engine;
use crate::shard::Shard;
use base::{Level, UserId};
use bytes::Bytes;
use crdt::Hash;
use crdt::admit::Orphan;
use crdt::sync::{Limits, Peer};
use parking_lot::Mutex;
use rpc::{Answer, Bell, Caller, Ephemeral, Join, Refusal, SyncSession, Synced};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// One peer at one document.
pub struct Session {
    pub(super) engine: Arc<Engine>,
    pub(super) shard: Arc<Shard>,
    /// The document.
    pub live: Arc<LiveDocument>,
    user: UserId,
    number: u64,
    bell: Bell,
    pub(super) state: Mutex<State>,
    /// Bytes of changes that wait to be taken.
    pub(super) waiting: AtomicUsize,
    /// Told when fewer wait.
    pub(super) room: Notify,
    /// Whether changes of it wait for others, which may come from elsewhere.
    has_orphans: AtomicBool,
    /// What it may make the hub compute.
    pub(super) allowance: Allowance,
    /// Bytes that are kept for it, as they were last counted.
    pub(super) held: AtomicUsize,
}

/// What changes of a session.
#[derive(Default)]
pub(super) struct State {
    pub(super) phase: Phase,
    /// What most sessions have none of most of the time.
    pub(super) extras: Option<Box<Extras>>,
}

/// How far a session is.
#[derive(Default)]
pub(super) enum Phase {
    /// Its peer has not said anything.
    #[default]
    New,
    /// Its peer was at the document before, and what it said then may be lost. It is asked before it says anything.
    Resumed,
    /// There is nothing for its peer, but there may be any moment.
    Grace,
    /// There is nothing for its peer, and whether it was told so.
    Absent { told: bool },
    /// It syncs.
    Syncing(Box<Peer>),
    /// It is over.
    Over(Box<Over>),
}

/// The end of a session.
pub(super) struct Over {
    pub(super) refusal: Refusal,
    pub(super) told: bool,
}

/// What is under way in a session.
#[derive(Default)]
pub(super) struct Extras {
    /// What other sessions said.
    pub(super) heard: VecDeque<Arc<Ephemeral>>,
    /// What became of the pieces so far of a message that is taken in pieces.
    pub(super) accepted: Vec<Hash>,
    pub(super) orphans: Vec<Orphan>,
    /// Older changes on their way from the store.
    pub(super) fetch: Fetch,
}

impl Extras {
    fn is_empty(&self) -> bool {
        self.heard.is_empty()
            && self.accepted.is_empty()
            && self.orphans.is_empty()
            && matches!(self.fetch, Fetch::None)
    }
}

impl State {
    /// Works on the extras, and forgets them if there are none left.
    pub(super) fn with_extras<T>(&mut self, work: impl FnOnce(&mut Extras) -> T) -> T {
        let done = work(self.extras.get_or_insert_default());
        self.tidy();
        done
    }

    /// Forgets the extras if there are none.
    pub(super) fn tidy(&mut self) {
        self.extras.take_if(|extras| extras.is_empty());
    }
}

/// The hold of a socket on its session: when it is let go, the session is over.
pub struct Seat(Arc<Session>);

impl Seat {
    /// Begins a session.
    pub fn take(
        engine: &Arc<Engine>,
        shard: &Arc<Shard>,
        live: Arc<LiveDocument>,
        caller: Caller,
        join: Join,
    ) -> Result<Seat, Refusal> {
        let limits = engine.limits;
        let busy = || Refusal::Busy { retry_after: crate::documents::RETRY_AFTER };
        if !engine.live.figures.joined(limits.sync_sessions) {
            return Err(busy());
        }
        let phase = if join.resumed { Phase::Resumed } else { Phase::New };
        let session = Arc::new(Session {
            engine: engine.clone(),
            shard: shard.clone(),
            number: live.number(),
            live,
            user: caller.user,
            bell: join.bell,
            state: Mutex::new(State { phase, extras: None }),
            waiting: AtomicUsize::new(0),
            room: Notify::new(),
            has_orphans: AtomicBool::new(false),
            allowance: Allowance::default(),
            held: AtomicUsize::new(0),
        });
        if !session.live.join(session.clone(), limits.sync_document_sessions) {
            engine.live.figures.left();
            return Err(busy());
        }
        let seat = Seat(session);
        // Those who were there when the reign ended have heard of it.
        if seat.0.live.reign.is_over() {
            return Err(seat.0.live.reign.refusal());
        }
        if join.resumed {
            seat.0.ring();
        }
        Ok(seat)
    }
}

#[cfg(test)]
impl Seat {
    /// The session.
    pub(super) fn session(&self) -> &Arc<Session> {
        &self.0
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.live.leave(self.0.number);
        self.0.engine.live.figures.left();
    }
}

impl SyncSession for Seat {
    fn receive(&self, message: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            let received = self.0.receive(message).await;
            received.inspect_err(|refusal| self.0.end(refusal.clone()))
        })
    }

    fn receive_now(&self, message: &Bytes) -> Option<Result<(), Refusal>> {
        let heard = self.0.receive_now(message)?;
        Some(heard.inspect_err(|refusal| self.0.end(refusal.clone())))
    }

    fn say(&self, ephemeral: Ephemeral) {
        self.0.say(ephemeral);
    }

    fn next(&self) -> Option<Synced> {
        self.0.next()
    }
}

impl Session {
    /// Its number among those of its document.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whose it is.
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// Whether it was refused.
    pub fn is_over(&self) -> bool {
        matches!(self.state.lock().phase, Phase::Over(_))
    }

    /// Tells the socket that there may be something for it.
    pub fn ring(&self) {
        (self.bell)(self.live.doc.id);
    }

    /// Ends it.
    pub fn end(&self, refusal: Refusal) {
        {
            let mut state = self.state.lock();
            if matches!(state.phase, Phase::Over(_)) {
                return;
            }
            state.phase = Phase::Over(Box::new(Over { refusal, told: false }));
            state.extras = None;
        }
        let _nothing_kept = self.weigh(None);
        self.room.notify_one();
        self.ring();
    }

    /// What its user is to the document now.
    pub(super) fn standing(&self) -> Result<Standing, Refusal> {
        Ok(self.live.standing(&self.shard, &self.user)?)
    }

    /// Does something that may take long if the peer wants it to, on its account.
    pub(super) fn on_account<T>(&self, work: impl FnOnce() -> T) -> T {
        self.allowance.charge(work)
    }

    /// Says what became of changes of this session.
    pub fn settle(self: &Arc<Self>, accepted: Vec<Hash>, orphans: Vec<Orphan>, last: bool) {
        let weighed = {
            let mut state = self.state.lock();
            if !matches!(state.phase, Phase::Syncing(_)) {
                return;
            }
            let (accepted, orphans) = state.with_extras(|extras| {
                extras.accepted.extend(accepted);
                extras.orphans.extend(orphans);
                match last {
                    true => (std::mem::take(&mut extras.accepted), std::mem::take(&mut extras.orphans)),
                    false => (vec![], vec![]),
                }
            });
            if !last {
                return;
            }
            let limits = Limits { orphan_bytes: self.engine.limits.sync_orphan_bytes, ..Limits::default() };
            let Phase::Syncing(peer) = &mut state.phase else { return };
            self.live.with_graph(|graph| peer.settle(graph, &accepted, orphans, &limits));
            self.has_orphans.store(peer.has_orphans(), Ordering::Release);
            self.weigh(Some(peer))
        };
        if let Err(refusal) = weighed {
            return self.end(refusal);
        }
        self.take_up_orphans();
        self.ring();
    }

    /// Whether changes of it wait for others.
    pub(super) fn has_orphans(&self) -> bool {
        self.has_orphans.load(Ordering::Acquire)
    }

    /// Brings changes on their way again that waited for others, if some of those have come.
    pub(super) fn take_up_orphans(self: &Arc<Self>) {
        if !self.has_orphans() {
            return;
        }
        let unblocked = match &mut self.state.lock().phase {
            Phase::Syncing(peer) => {
                let unblocked = self.live.with_graph(|graph| peer.unblocked(graph));
                // Others may wait still. Noted before the session is unlocked: who has more of them does so, too.
                self.has_orphans.store(peer.has_orphans(), Ordering::Release);
                unblocked
            }
            _ => None,
        };
        if let Some(changes) = unblocked {
            self.hand_in(&changes.into(), None);
        }
    }

    /// Asks the peer again for what it has: changes of it were lost on their way.
    pub fn start_over(&self) {
        if let Phase::Syncing(peer) = &mut self.state.lock().phase {
            peer.start_over();
        }
        self.ring();
    }
}

impl State {
    /// Brings the phase in step with what the user is to the document. Whether the peer is heard.
    ///
    /// `brings` says whether the peer has the document, where there is none.
    pub(super) fn admits(&mut self, standing: Standing, brings: impl FnOnce() -> bool) -> bool {
        match (&mut self.phase, standing) {
            (Phase::Over(_), _) => false,
            (Phase::Syncing(peer), Standing::Open(level)) => {
                peer.set_read_only(level < Level::Write);
                true
            }
            // It is making the document.
            (Phase::Syncing(_), Standing::Vacant) => true,
            (phase @ Phase::Syncing(_), Standing::Closed) => {
                *phase = Phase::Absent { told: false };
                self.extras = None;
                false
            }
            (phase, Standing::Open(level)) => {
                let mut peer = if level < Level::Write { Peer::read_only() } else { Peer::new() };
                if matches!(phase, Phase::Absent { .. } | Phase::Resumed) {
                    // What it sent meanwhile, or before, was not heard.
                    peer.start_over();
                }
                *phase = Phase::Syncing(Box::new(peer));
                true
            }
            (phase @ Phase::Resumed, Standing::Closed) => {
                *phase = Phase::Absent { told: false };
                false
            }
            (phase, Standing::Vacant) if brings() => {
                *phase = Phase::Syncing(Box::default());
                true
            }
            (_, Standing::Vacant | Standing::Closed) => false,
        }
    }
}
