//! What a session says next, made when its socket can take it.

use super::access::Standing;
use super::content::Found;
use super::document::NOTHING;
use super::fetch::Fetch;
use super::session::{Phase, Session, State};
use bytes::Bytes;
use crdt::sync::{Content, Peer, Plan};
use rpc::{Refusal, Synced};
use std::sync::Arc;

impl Session {
    /// The next thing to send, if there is one now.
    pub(super) fn next(self: &Arc<Self>) -> Option<Synced> {
        let mut state = self.state.lock();
        if let Phase::Over(over) = &mut state.phase {
            let told = std::mem::replace(&mut over.told, true);
            return (!told).then(|| Synced::Ended(over.refusal.clone()));
        }
        // What is known of access is of no use without a lease: it may have been taken away elsewhere.
        let reign = &self.live.reign;
        if !reign.may_speak() {
            return reign.is_over().then(|| Synced::Ended(state.end(reign.refusal())));
        }
        let standing = match self.standing() {
            Ok(standing) => standing,
            Err(refusal) => return Some(Synced::Ended(state.end(refusal))),
        };
        // Who has said nothing yet is not spoken to.
        if matches!(state.phase, Phase::New) {
            return None;
        }
        if !state.admits(standing, || false) {
            return if matches!(state.phase, Phase::Resumed) {
                self.ask(&mut state)
            } else {
                state.unavailable()
            };
        }
        if let Some(message) = self.on_account(|| self.message(&mut state, standing)) {
            self.engine.live.figures.relayed();
            return Some(Synced::Message(message));
        }
        state.extras.as_ref()?;
        state.with_extras(|extras| extras.heard.pop_front()).map(Synced::Ephemeral)
    }

    /// There is no document, and the peer may have been making it when it was sent here: it is asked for all that it has. One
    /// that has nothing may say nothing, and is told in a moment that there is nothing here either.
    fn ask(self: &Arc<Self>, state: &mut State) -> Option<Synced> {
        state.phase = Phase::Grace;
        self.wait_a_little();
        let mut asking = Peer::new();
        asking.start_over();
        asking.plan(&NOTHING).map(|plan| Synced::Message(plan.encode::<&[u8]>(&[])))
    }

    fn message(self: &Arc<Self>, state: &mut State, standing: Standing) -> Option<Bytes> {
        match state.extras.as_deref_mut().map(|extras| &mut extras.fetch) {
            None | Some(Fetch::None) => {}
            Some(Fetch::Running(_)) => return None,
            Some(fetch @ Fetch::Ready(..)) => {
                let Fetch::Ready(message, _room) = std::mem::take(fetch) else { return None };
                state.tidy();
                return Some(message);
            }
        }
        let Phase::Syncing(peer) = &mut state.phase else { return None };
        let content = self.live.content();
        let Some(content) = &*content else {
            if standing == Standing::Vacant {
                return peer.plan(&NOTHING).map(|plan| plan.encode::<&[u8]>(&[]));
            }
            self.live.wake(&self.engine, &self.shard);
            return None;
        };
        let plan = peer.plan(&content.graph)?;
        let encode = |plan: &Plan| {
            let chunks = at_hand(content, plan)?;
            self.engine.live.figures.encoded();
            Some(plan.encode(&chunks))
        };
        match self.live.bodies.get(plan, encode) {
            Ok(message) => Some(message),
            Err(plan) => {
                self.fetch(state, plan, content.bytes);
                None
            }
        }
    }
}

/// The chunks of a plan, if all of them are in memory.
fn at_hand(content: &super::Content, plan: &Plan) -> Option<Vec<Bytes>> {
    let changes = match plan.content() {
        Content::Nothing => return Some(vec![]),
        Content::Changes(changes) => changes,
        Content::Document => return None,
    };
    let found = changes.iter().map(|change| match content.find(change) {
        Some(Found::Recent(chunk)) => Some(chunk),
        _ => None,
    });
    found.collect()
}

impl State {
    /// That there is nothing for this peer, said once.
    fn unavailable(&mut self) -> Option<Synced> {
        match &mut self.phase {
            Phase::Absent { told } => {
                let before = std::mem::replace(told, true);
                (!before).then_some(Synced::Unavailable)
            }
            _ => None,
        }
    }

    fn end(&mut self, refusal: Refusal) -> Refusal {
        self.phase = Phase::Over(Box::new(super::session::Over { refusal: refusal.clone(), told: true }));
        self.extras = None;
        refusal
    }
}
