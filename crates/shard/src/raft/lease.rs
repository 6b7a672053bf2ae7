//! Whether a node may answer a read from its own state, without asking anybody: pure.

use super::timing::LEASE;
use std::time::Duration;

/// What a node knows of its leadership at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leadership {
    /// A quorum made this node the leader of the present term.
    pub(super) elected: bool,
    /// An entry of that very term is applied, and with it everything that was acknowledged in earlier ones.
    pub(super) caught_up: bool,
    /// No other node can vote.
    pub(super) alone: bool,
    /// How long ago the last message was sent that a quorum has answered.
    pub(super) silence: Option<Duration>,
}

impl Leadership {
    /// Nothing newer than what this node has applied was acknowledged by anyone.
    pub(super) fn may_read(&self) -> bool {
        self.elected && self.caught_up && (self.alone || self.silence.is_some_and(|silence| silence < LEASE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_need_an_election_a_caught_up_state_and_a_lease() {
        let alone = Leadership { elected: true, caught_up: true, alone: true, silence: None };
        let heard = |silence| Leadership { alone: false, silence: Some(silence), ..alone };
        for (leadership, may) in [
            (alone, true),
            (Leadership { caught_up: false, ..alone }, false),
            (Leadership { elected: false, ..alone }, false),
            (Leadership { alone: false, ..alone }, false),
            (heard(LEASE - Duration::from_nanos(1)), true),
            (heard(LEASE), false),
            (Leadership { caught_up: false, ..heard(Duration::ZERO) }, false),
            (Leadership { elected: false, ..heard(Duration::ZERO) }, false),
        ] {
            assert_eq!(leadership.may_read(), may, "{leadership:?}");
        }
    }
}
