//! Which changes are ancestors: for each actor, the number of its last change among them.
//!
//! A clock for every change would cost (changes × actors); one for every 32nd change on any path costs
//! little, and a walk to the next ones is at most 32 steps deep.

/// How far apart kept clocks are.
pub(super) const STRIDE: u32 = 32;

/// Whether a change joins so many others that its clock takes little more room than they do. Where many write at
/// once a walk past such changes would meet all of them at each step.
pub(super) fn is_wide(deps: usize, actors: u32) -> bool {
    deps >= 8 && actors as usize <= 4 * deps
}

/// For each writer of the graph, how many of its changes are covered. Missing ones have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Clock(Vec<u32>);

impl Clock {
    pub(crate) fn covers(&self, actor: u32, seq: u32) -> bool {
        self.seq(actor) >= seq
    }

    pub(crate) fn seq(&self, actor: u32) -> u32 {
        self.0.get(actor as usize).copied().unwrap_or(0)
    }

    pub(crate) fn raise(&mut self, actor: u32, seq: u32) {
        let actor = actor as usize;
        if self.0.len() <= actor {
            self.0.resize(actor + 1, 0);
        }
        self.0[actor] = self.0[actor].max(seq);
    }

    pub(crate) fn merge(&mut self, other: &Clock) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*theirs);
        }
    }
}
