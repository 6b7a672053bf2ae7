//! `Channel`: one document and the thin clients that follow it.

use super::follower::Follower;
use super::history::History;
use crate::documents::Engine;
use crate::live::access::Standing;
use crate::live::document::LiveDocument;
use crate::live::watch::Notice;
use crate::shard::Shard;
use base::{Level, UserId};
use parking_lot::Mutex;
use rpc::{Ephemeral, Refusal, Update, View};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::runtime::Handle;

/// How far back a step is worked out: beyond it, who made the edits in between would take too long to find.
const RESUME_VERSIONS_MAX: u64 = 1_024;

/// One document that is followed.
pub struct Channel {
    pub(super) engine: Arc<Engine>,
    pub(super) shard: Arc<Shard>,
    pub(super) live: Arc<LiveDocument>,
    /// Its number among those who follow the live document.
    number: u64,
    /// Notices come from threads that are not the runtime's.
    runtime: Handle,
    pub(super) state: Mutex<State>,
    /// Held by whoever looks at the document.
    pub(super) gate: tokio::sync::Mutex<()>,
}

#[derive(Default)]
pub(super) struct State {
    /// What followers are led to. None before the first look.
    pub current: Option<Arc<View>>,
    pub history: History,
    /// Whether something happened since the last look began.
    pub stale: bool,
    /// Whether somebody looks at the document again and again until it is not stale.
    pub refreshing: bool,
    /// Versions from which a step is being worked out, with changes or without.
    pub resuming: HashSet<(u64, bool)>,
    followers: HashMap<u64, Arc<Follower>>,
    next_follower: u64,
}

/// Where a follower goes from where it is.
#[derive(Debug)]
pub(super) enum Step {
    /// Nowhere: this is the newest.
    Stay(Arc<View>),
    /// Along this.
    Update(Arc<Update>),
    /// Here, and forgets what it had.
    Jump(Arc<View>),
    /// Nowhere yet. Its bell will ring.
    Wait,
}

impl Channel {
    /// A channel of a live document. It hears of everything from now on.
    pub fn open(engine: &Arc<Engine>, shard: &Arc<Shard>, live: Arc<LiveDocument>) -> Arc<Channel> {
        let number = live.number();
        let channel = Arc::new(Channel {
            engine: engine.clone(),
            shard: shard.clone(),
            live,
            number,
            runtime: Handle::current(),
            state: Mutex::new(State { stale: true, ..State::default() }),
            gate: tokio::sync::Mutex::new(()),
        });
        let weak = Arc::downgrade(&channel);
        let watcher = move |notice: &Notice| {
            if let Some(channel) = weak.upgrade() {
                channel.hear(notice);
            }
        };
        channel.live.watch(number, Arc::new(watcher));
        channel
    }

    fn hear(self: &Arc<Self>, notice: &Notice) {
        match notice {
            Notice::Committed(commit) if self.has_seen(commit.version) => {}
            Notice::Committed(_) => self.wake(),
            Notice::Access => self.ring(),
            Notice::Said(said) => self.pass_on(None, said),
        }
    }

    /// Whether followers are led to this version already: a look may come before the notice.
    fn has_seen(&self, version: u64) -> bool {
        self.state.lock().current.as_ref().is_some_and(|current| current.version >= version)
    }

    /// Has the document looked at, soon.
    pub(super) fn wake(self: &Arc<Self>) {
        let begin = {
            let mut state = self.state.lock();
            state.stale = true;
            !std::mem::replace(&mut state.refreshing, true)
        };
        if begin {
            self.engine.tasks.spawn_on(self.clone().keep_fresh(), &self.runtime);
        }
    }

    /// What a user may do with the document now.
    pub(super) fn level(&self, user: &UserId) -> Result<Option<Level>, Refusal> {
        Ok(match self.live.standing(&self.shard, user)? {
            Standing::Open(level) => Some(level),
            Standing::Vacant | Standing::Closed => None,
        })
    }

    /// Where a follower goes that has seen `at`.
    pub(super) fn step(self: &Arc<Self>, at: Option<u64>, follower: &Follower) -> Step {
        let mut state = self.state.lock();
        let Some(current) = state.current.clone() else { return Step::Wait };
        let Some(at) = at else { return Step::Jump(current) };
        if at == current.version {
            return Step::Stay(current);
        }
        if at > current.version && state.stale {
            return Step::Wait;
        }
        if let Some(update) = state.history.from(at, follower.changes) {
            return Step::Update(update);
        }
        // The difference is negative for one that has seen what this document never had.
        if current.version.checked_sub(at).is_none_or(|behind| behind > RESUME_VERSIONS_MAX) {
            return Step::Jump(current);
        }
        if state.resuming.insert((at, follower.changes)) {
            let resuming = self.clone().resume(at, follower.changes, follower.user.clone());
            self.engine.tasks.spawn_on(resuming, &self.runtime);
        }
        Step::Wait
    }

    /// Passes on what is not kept: to the other thin clients, and to the peers of the sync protocol.
    pub(super) fn say(&self, from: u64, said: &Arc<Ephemeral>) {
        self.pass_on(Some(from), said);
        self.live.say(self.number, said);
    }

    fn pass_on(&self, from: Option<u64>, said: &Arc<Ephemeral>) {
        for follower in self.followers().iter().filter(|follower| Some(follower.number) != from) {
            follower.hear(said);
        }
    }

    /// One more follows, if there is room. It is made with its number.
    pub(super) fn join(&self, make: impl FnOnce(u64) -> Follower) -> Option<Arc<Follower>> {
        let mut state = self.state.lock();
        if state.followers.len() >= self.engine.limits.sync_document_sessions {
            return None;
        }
        let number = state.next_follower;
        state.next_follower += 1;
        let follower = Arc::new(make(number));
        state.followers.insert(number, follower.clone());
        Some(follower)
    }

    /// One follows no more.
    pub(super) fn leave(&self, number: u64) {
        self.state.lock().followers.remove(&number);
    }

    pub(super) fn followers(&self) -> Vec<Arc<Follower>> {
        self.state.lock().followers.values().cloned().collect()
    }

    /// Whether anybody follows.
    pub(super) fn is_followed(&self) -> bool {
        !self.state.lock().followers.is_empty()
    }

    /// Whether a follower wants the raw changes.
    pub(super) fn wants_changes(&self) -> bool {
        self.state.lock().followers.values().any(|follower| follower.changes)
    }

    /// Ends all followers. They come back if they like; whoever comes looks at the document first.
    pub(super) fn end_all(&self, refusal: &Refusal) {
        self.followers().iter().for_each(|follower| follower.end(refusal.clone()));
    }

    pub(super) fn ring(&self) {
        self.followers().iter().for_each(|follower| follower.ring());
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.live.unwatch(self.number);
        self.engine.channels.forget(&self.live.doc, self);
    }
}
