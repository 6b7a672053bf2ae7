//! Nodes that are asked last for a while, because they did not answer or are not connected.
//!
//! One request pays for finding that out, not every request of a storm. Nobody is left out for good: where the others are of no
//! use, these are asked, too.

use base::NodeId;
use parking_lot::RwLock;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// For how long a node is asked last. About as long as it takes to connect again.
const LAST_FOR: Duration = Duration::from_secs(1);

/// Until when each is asked last.
#[derive(Debug, Default)]
pub(super) struct Circuit(RwLock<HashMap<NodeId, Instant>>);

impl Circuit {
    /// A node did not answer.
    pub fn trip(&self, node: NodeId, now: Instant) {
        let mut tripped = self.0.write();
        tripped.retain(|_, until| *until > now);
        tripped.insert(node, now + LAST_FOR);
    }

    /// A node answered.
    pub fn answered(&self, node: NodeId) {
        if self.0.read().contains_key(&node) {
            self.0.write().remove(&node);
        }
    }

    /// Whether to ask others first.
    pub fn is_last(&self, node: NodeId, now: Instant) -> bool {
        self.0.read().get(&node).is_some_and(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_node_is_asked_last_until_it_answers_or_a_while_has_passed() {
        let (circuit, now) = (Circuit::default(), Instant::now());
        let [one, two] = [1, 2].map(NodeId);
        circuit.trip(one, now);
        assert!(circuit.is_last(one, now) && !circuit.is_last(two, now));
        assert!(!circuit.is_last(one, now + LAST_FOR));
        circuit.answered(one);
        assert!(!circuit.is_last(one, now));
        circuit.trip(one, now);
        circuit.trip(two, now + LAST_FOR);
        assert_eq!(circuit.0.read().len(), 1, "what is over is forgotten");
    }
}
