//! Whom to ask next: pure.

use super::map::Replicas;
use base::NodeId;

/// Whom one request has asked in vain.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// In this round; everyone once.
    asked: Vec<NodeId>,
    /// Whom the last one named as the leader.
    named: Option<NodeId>,
}

impl Trail {
    /// A node was asked in vain. It may have named another as the leader.
    pub(super) fn in_vain(&mut self, node: NodeId, named: Option<NodeId>) {
        self.asked.push(node);
        self.named = named.filter(|named| *named != node);
    }

    /// Everyone may be asked again.
    pub(super) fn begin_round(&mut self) {
        self.asked.clear();
    }

    /// The node to ask now: the leader by what was heard last, or by what is known, or anyone who may have become it. None
    /// when everyone was asked.
    pub(super) fn next(&self, replicas: &Replicas, learned: Option<NodeId>) -> Option<NodeId> {
        let reported = replicas.leader.map(|(leader, _)| leader);
        let guesses = self.named.into_iter().chain(learned).chain(reported);
        guesses.chain(replicas.nodes.iter().copied()).find(|node| !self.asked.contains(node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: NodeId = NodeId(1);
    const TWO: NodeId = NodeId(2);
    const THREE: NodeId = NodeId(3);

    fn replicas(leader: Option<NodeId>) -> Replicas {
        Replicas { nodes: vec![ONE, TWO, THREE], leader: leader.map(|leader| (leader, 1)) }
    }

    #[test]
    fn the_freshest_word_counts() {
        let mut trail = Trail::default();
        assert_eq!(trail.next(&replicas(None), None), Some(ONE), "whom placement prefers");
        assert_eq!(trail.next(&replicas(Some(TWO)), None), Some(TWO), "who said that it leads");
        assert_eq!(trail.next(&replicas(Some(TWO)), Some(THREE)), Some(THREE), "who answered last time");
        trail.in_vain(THREE, Some(ONE));
        assert_eq!(trail.next(&replicas(Some(TWO)), Some(THREE)), Some(ONE), "whom the last one named");
    }

    #[test]
    fn everyone_is_asked_once_a_round() {
        let mut trail = Trail::default();
        let replicas = replicas(Some(TWO));
        let mut asked = Vec::new();
        while let Some(node) = trail.next(&replicas, None) {
            asked.push(node);
            trail.in_vain(node, None);
        }
        assert_eq!(asked, [TWO, ONE, THREE]);
        trail.begin_round();
        assert_eq!(trail.next(&replicas, None), Some(TWO));
    }

    #[test]
    fn nodes_that_name_each_other_do_not_keep_a_request_between_them() {
        let mut trail = Trail::default();
        trail.in_vain(ONE, Some(TWO));
        assert_eq!(trail.next(&replicas(None), None), Some(TWO));
        trail.in_vain(TWO, Some(ONE));
        assert_eq!(trail.next(&replicas(None), None), Some(THREE));
    }

    #[test]
    fn a_leader_that_is_no_replica_by_the_map_is_asked() {
        let mut trail = Trail::default();
        trail.in_vain(ONE, Some(NodeId(9)));
        assert_eq!(trail.next(&replicas(None), None), Some(NodeId(9)));
    }
}
