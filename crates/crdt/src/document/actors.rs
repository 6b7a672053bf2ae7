//! The actors under which the hub itself edits one open document.
//!
//! An actor's changes form one line: each has the one before among its ancestors. So an edit at the current heads may
//! take any actor of the pool, and an edit at past heads only one whose last change is an ancestor of those heads.
//! After an unknown outcome the pool is dropped: a number in an actor's line must never be used twice.

use automerge::{ActorId, ChangeHash};
use std::collections::HashSet;

/// More actors are not kept: each costs every reader of the document some bytes, and a new one is a random number.
const KEPT_ACTORS: usize = 8;

/// The actors of one open document, the one used last in front.
#[derive(Debug, Default)]
pub(crate) struct ActorPool {
    actors: Vec<Pooled>,
}

#[derive(Debug)]
struct Pooled {
    actor: ActorId,
    last: ChangeHash,
}

impl ActorPool {
    /// An actor for an edit at the current heads.
    pub(crate) fn for_current(&self) -> ActorId {
        self.pick(|_| true)
    }

    /// An actor for an edit at heads that have all changes of the document but `later` among their ancestors.
    pub(crate) fn for_past(&self, later: &HashSet<ChangeHash>) -> ActorId {
        self.pick(|pooled| !later.contains(&pooled.last))
    }

    /// Notes the last change of an actor.
    pub(crate) fn used(&mut self, actor: ActorId, last: ChangeHash) {
        self.actors.retain(|pooled| pooled.actor != actor);
        self.actors.insert(0, Pooled { actor, last });
        self.actors.truncate(KEPT_ACTORS);
    }

    /// Drops them all.
    pub(crate) fn forget(&mut self) {
        self.actors.clear();
    }

    fn pick(&self, fits: impl Fn(&Pooled) -> bool) -> ActorId {
        let fitting = self.actors.iter().find(|pooled| fits(pooled));
        fitting.map_or_else(ActorId::random, |pooled| pooled.actor.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_past_edit_takes_an_actor_that_the_past_knows() {
        let mut pool = ActorPool::default();
        let (a, b) = (ActorId::random(), ActorId::random());
        let (old, new) = (ChangeHash([1; 32]), ChangeHash([2; 32]));
        pool.used(a.clone(), old);
        pool.used(b.clone(), new);
        assert_eq!(pool.for_current(), b);
        assert_eq!(pool.for_past(&HashSet::from([new])), a);
        let other = pool.for_past(&HashSet::from([old, new]));
        assert!(other != a && other != b);
        pool.forget();
        assert!(pool.for_current() != b);
    }
}
