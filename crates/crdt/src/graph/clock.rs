//! Which changes are ancestors: for each actor, the number of its last change among them.
//!
//! A clock for every change would cost (changes × actors). One is kept where the walk to the next kept ones would take about
//! as long as to merge a clock: in a history of one writer that is every 32nd change, and where many write at once, so that
//! walks meet much at each step, every few. No walk takes much longer than to read one clock.

/// Whether a change keeps its clock: `reach` is how many steps a walk to the next kept clocks may take.
pub(super) fn is_far(reach: u32, actors: u32) -> bool {
    reach >= actors.max(STEPS)
}

/// Steps that are always cheaper than a clock of their own.
const STEPS: u32 = 32;

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

    /// Bytes of memory that it owns.
    pub(super) fn size(&self) -> usize {
        self.0.capacity() * size_of::<u32>()
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
