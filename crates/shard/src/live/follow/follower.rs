//! `Follower`: one thin client at one document. It is little more than the version that it has seen.

use super::channel::{Channel, Step};
use crate::documents::{Engine, RETRY_AFTER};
use crate::live::allowance::{Allowance, Moment};
use crate::shard::Shard;
use crate::store::DocKey;
use base::{Level, UserId};
use parking_lot::Mutex;
use rpc::{
    Bell, Caller, Ephemeral, Follow, FollowSession, Followed, Refusal, Revision, Seen, Update, UpdateParts,
    View,
};
use std::collections::VecDeque;
use std::sync::Arc;

/// What others said and waits for the socket. What is older is not worth hearing any more.
const HEARD_MAX: usize = 32;

/// Bytes of the same.
const HEARD_BYTES: usize = 256 << 10;

/// A thin client.
pub(super) struct Follower {
    pub user: UserId,
    /// Whether it wants the raw changes.
    pub changes: bool,
    /// Its number in its channel.
    pub number: u64,
    document: base::DocId,
    bell: Bell,
    allowance: Allowance,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The version that it has; none if it has nothing to go on from.
    at: Option<u64>,
    /// Whether it has heard of the document in this session.
    greeted: bool,
    /// What it was told that it may do.
    level: Option<Level>,
    heard: VecDeque<Arc<Ephemeral>>,
    over: Over,
}

#[derive(Default)]
enum Over {
    #[default]
    No,
    Untold(Refusal),
    Told,
}

/// The hold of a socket on its follower.
pub struct Seat {
    channel: Arc<Channel>,
    follower: Arc<Follower>,
}

/// Begins to follow a document. What was committed before this call is in what the follower is shown first.
pub async fn begin(
    engine: &Arc<Engine>,
    shard: &Arc<Shard>,
    caller: Caller,
    follow: Follow,
) -> Result<Arc<dyn FollowSession>, Refusal> {
    Ok(Arc::new(Seat::take(engine, shard, caller, follow).await?))
}

impl Seat {
    /// Takes a seat at a document.
    pub async fn take(
        engine: &Arc<Engine>,
        shard: &Arc<Shard>,
        caller: Caller,
        follow: Follow,
    ) -> Result<Seat, Refusal> {
        let Caller { tenant, user } = caller;
        let Follow { id, since, changes, bell } = follow;
        let reign = shard.reign()?;
        let channel = engine.channels.entry(engine, shard, &reign, &DocKey { tenant, id });
        channel.level(&user)?.ok_or(Refusal::NotFound)?;
        channel.freshen().await?;
        let busy = || Refusal::Busy { retry_after: RETRY_AFTER };
        if !engine.live.figures.joined(engine.limits.sync_sessions) {
            return Err(busy());
        }
        let state = Mutex::new(State { at: since, ..State::default() });
        let make = |number| Follower {
            user,
            changes,
            number,
            document: id,
            bell,
            allowance: Allowance::default(),
            state,
        };
        let Some(follower) = channel.join(make) else {
            engine.live.figures.left();
            return Err(busy());
        };
        follower.ring();
        let seat = Seat { channel, follower };
        // Those who were there when the reign ended have heard of it.
        if reign.is_over() { Err(reign.refusal()) } else { Ok(seat) }
    }

    /// What its client may make the hub compute.
    pub fn allowance(&self) -> &Allowance {
        &self.follower.allowance
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.channel.leave(self.follower.number);
        self.channel.engine.live.figures.left();
    }
}

impl FollowSession for Seat {
    fn say(&self, ephemeral: Ephemeral) {
        let fits = ephemeral.weight() <= HEARD_BYTES && self.allowance().rest(Moment::now()).is_zero();
        let fits = fits && self.channel.live.reign.holds();
        if fits && matches!(self.channel.level(&self.follower.user), Ok(Some(_))) {
            // It takes time for each who hears it.
            self.allowance().charge(|| self.channel.say(self.follower.number, &Arc::new(ephemeral)));
        }
    }

    fn next(&self) -> Option<Followed> {
        self.follower.next(&self.channel)
    }
}

impl Follower {
    fn next(&self, channel: &Arc<Channel>) -> Option<Followed> {
        let mut state = self.state.lock();
        match std::mem::take(&mut state.over) {
            Over::No => {}
            Over::Untold(refusal) => return Some(state.end(refusal)),
            Over::Told => {
                state.over = Over::Told;
                return None;
            }
        }
        // What is known of access is of no use without a lease: it may have been taken away elsewhere.
        let reign = &channel.live.reign;
        if !reign.may_speak() {
            return reign.is_over().then(|| state.end(reign.refusal()));
        }
        let level = match channel.level(&self.user) {
            Ok(Some(level)) => level,
            Ok(None) => return Some(state.end(Refusal::NotFound)),
            Err(refusal) => return Some(state.end(refusal)),
        };
        if state.greeted && state.level != Some(level) {
            state.level = Some(level);
            return Some(Followed::Level(level));
        }
        let step = channel.step(state.at, self);
        state.go(step, level, || channel.shard.revision())
    }

    /// Keeps what somebody said until the socket takes it; drops the oldest if there is too much.
    pub(super) fn hear(&self, said: &Arc<Ephemeral>) {
        {
            let mut state = self.state.lock();
            state.heard.push_back(said.clone());
            let mut bytes: usize = state.heard.iter().map(|heard| heard.weight()).sum();
            while state.heard.len() > HEARD_MAX || bytes > HEARD_BYTES {
                let Some(oldest) = state.heard.pop_front() else { break };
                bytes -= oldest.weight();
            }
        }
        self.ring();
    }

    /// Nothing leads on from a version: whoever is there starts anew.
    pub(super) fn give_up(&self, version: u64) {
        let mut state = self.state.lock();
        if state.at == Some(version) {
            state.at = None;
        }
    }

    pub(super) fn end(&self, refusal: Refusal) {
        {
            let mut state = self.state.lock();
            if matches!(state.over, Over::No) {
                state.over = Over::Untold(refusal);
            }
        }
        self.ring();
    }

    pub(super) fn ring(&self) {
        (self.bell)(self.document);
    }
}

impl State {
    fn go(&mut self, step: Step, level: Level, revision: impl FnOnce() -> Revision) -> Option<Followed> {
        let greeted = std::mem::replace(&mut self.greeted, true);
        match step {
            Step::Stay(view) if !greeted => Some(Followed::Update(Arc::new(nothing(&view)))),
            Step::Update(update) => {
                self.at = Some(update.version);
                Some(Followed::Update(update))
            }
            Step::Jump(view) => {
                (self.at, self.level) = (Some(view.version), Some(level));
                Some(Followed::Snapshot(Seen { view, level, revision: revision() }))
            }
            Step::Wait if !greeted => {
                self.greeted = false;
                None
            }
            Step::Stay(_) | Step::Wait => self.heard.pop_front().map(Followed::Ephemeral),
        }
    }

    fn end(&mut self, refusal: Refusal) -> Followed {
        self.over = Over::Told;
        self.heard = VecDeque::new();
        Followed::Ended(refusal)
    }
}

/// The update that says to one who has the newest version that there is nothing more.
fn nothing(view: &View) -> Update {
    Update::new(UpdateParts {
        from: view.version,
        version: view.version,
        heads: view.heads.clone(),
        authors: vec![],
        at: view.updated_at,
        ops: vec![],
        changes: None,
    })
}
