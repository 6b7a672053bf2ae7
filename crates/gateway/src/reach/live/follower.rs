//! Clients without a CRDT library.

use super::kind::Kind;
use super::seat::Seat;
use crate::reach::map::Node;
use crate::reach::router::Call;
use base::{DocId, Level};
use rpc::{Bell, Caller, Ephemeral, Follow, FollowSession, Followed, Refusal};
use std::sync::Arc;

pub(in crate::reach) struct Follower {
    /// Whether it wants the raw changes.
    pub changes: bool,
}

/// What the next session of a follower has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reach) struct Memory {
    /// The version that it has.
    pub since: Option<u64>,
    /// What it was told that it may do.
    pub level: Option<Level>,
}

impl Kind for Follower {
    type Session = dyn FollowSession;
    type Shown = Followed;
    type Memory = Memory;

    fn begin(
        &self,
        node: Node,
        caller: Caller,
        id: DocId,
        memory: &Memory,
        bell: Bell,
    ) -> Call<Arc<dyn FollowSession>> {
        let follow = Follow { id, since: memory.since, changes: self.changes, bell };
        Box::pin(async move { node.live.follow(caller, follow).await })
    }

    /// Where a follower begins is read at the leader: there is nothing to be found out.
    fn shows_at_once(_: &Memory) -> bool {
        false
    }

    fn next(session: &dyn FollowSession) -> Option<Followed> {
        session.next()
    }

    fn say(session: &dyn FollowSession, ephemeral: Ephemeral) {
        session.say(ephemeral);
    }

    fn note(memory: &mut Memory, shown: &Followed) -> bool {
        match shown {
            Followed::Snapshot(seen) => {
                (memory.since, memory.level) = (Some(seen.view.version), Some(seen.level));
                true
            }
            Followed::Update(update) => {
                memory.since = Some(update.version);
                true
            }
            // Each session says it anew; only a change is worth hearing.
            Followed::Level(level) => memory.level.replace(*level) != Some(*level),
            Followed::Ephemeral(_) | Followed::Ended(_) => true,
        }
    }

    fn ended(shown: &Followed) -> Option<&Refusal> {
        match shown {
            Followed::Ended(refusal) => Some(refusal),
            Followed::Snapshot(_) | Followed::Update(_) | Followed::Ephemeral(_) | Followed::Level(_) => None,
        }
    }

    fn end(refusal: Refusal) -> Followed {
        Followed::Ended(refusal)
    }
}

impl FollowSession for Seat<Follower> {
    fn say(&self, ephemeral: Ephemeral) {
        self.pass_on(ephemeral);
    }

    fn next(&self) -> Option<Followed> {
        self.next_shown()
    }
}
