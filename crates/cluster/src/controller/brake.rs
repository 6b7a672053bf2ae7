//! When it is better to do nothing.
//!
//! Leases are no death certificates: a coordinator with a slow disk can end them all at once. What looks like the death of
//! many nodes is more often an illness of the one who says so.

use super::Rules;
use crate::view::{Contact, Node, Snapshot};
use std::fmt;
use tokio::time::Instant;

/// Why the controller holds still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brake {
    /// The coordinator is away, or has not been back for long.
    CoordinatorWasAway,
    /// This process has not heard of the coordinator for long, and does not know whether it was away. Only what is placed
    /// already has to be left alone then.
    JustStarted,
    /// More than a third of the nodes look down.
    ManyNodesDown {
        /// How many.
        down: usize,
        /// Of how many.
        nodes: usize,
    },
}

impl Brake {
    /// Whether to hold still.
    pub(super) fn check(
        snapshot: &Snapshot,
        contact: &Contact,
        rules: &Rules,
        now: Instant,
    ) -> Option<Brake> {
        if contact.was_away_within(rules.calm, now) {
            return Some(Brake::CoordinatorWasAway);
        }
        if snapshot.placements().is_some() && contact.is_new(rules.calm, now) {
            return Some(Brake::JustStarted);
        }
        let is_down = |node: &&Node| node.is_down_for(rules.suspect, now);
        let nodes = snapshot.nodes().len();
        let down = snapshot.nodes().values().filter(is_down).count();
        (down * 3 > nodes).then_some(Brake::ManyNodesDown { down, nodes })
    }
}

impl fmt::Display for Brake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Brake::CoordinatorWasAway => f.write_str("the coordinator was away a moment ago"),
            Brake::JustStarted => f.write_str("this process has only just found the coordinator"),
            Brake::ManyNodesDown { down, nodes } => write!(
                f,
                "{down} of {nodes} nodes look down, which is more than a third; start them, or remove those that are gone"
            ),
        }
    }
}
