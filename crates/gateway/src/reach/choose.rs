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
    /// when everyone was asked. Those who are `last` come after all others.
    pub(super) fn next(
        &self,
        replicas: &Replicas,
        learned: Option<NodeId>,
        last: impl Fn(NodeId) -> bool,
    ) -> Option<NodeId> {
        let reported = replicas.leader.map(|(leader, _)| leader);
        let guesses = self.named.into_iter().chain(learned).chain(reported);
        let all = guesses.chain(replicas.nodes.iter().copied());
        let mut open = all.filter(|node| !self.asked.contains(node));
        open.clone().find(|node| !last(*node)).or_else(|| open.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const ONE: NodeId = NodeId(1);
    const TWO: NodeId = NodeId(2);
    const THREE: NodeId = NodeId(3);

    fn nobody(_: NodeId) -> bool {
        false
    }

    fn replicas(leader: Option<NodeId>) -> Replicas {
        Replicas { nodes: vec![ONE, TWO, THREE], leader: leader.map(|leader| (leader, 1)) }
    }

    #[test]
    fn the_freshest_word_counts() {
        let mut trail = Trail::default();
        assert_eq!(trail.next(&replicas(None), None, nobody), Some(ONE), "whom placement prefers");
        assert_eq!(trail.next(&replicas(Some(TWO)), None, nobody), Some(TWO), "who said that it leads");
        assert_eq!(
            trail.next(&replicas(Some(TWO)), Some(THREE), nobody),
            Some(THREE),
            "who answered last time"
        );
        trail.in_vain(THREE, Some(ONE));
        assert_eq!(
            trail.next(&replicas(Some(TWO)), Some(THREE), nobody),
            Some(ONE),
            "whom the last one named"
        );
    }

    #[test]
    fn everyone_is_asked_once_a_round() {
        let mut trail = Trail::default();
        let replicas = replicas(Some(TWO));
        let mut asked = Vec::new();
        while let Some(node) = trail.next(&replicas, None, nobody) {
            asked.push(node);
            trail.in_vain(node, None);
        }
        assert_eq!(asked, [TWO, ONE, THREE]);
        trail.begin_round();
        assert_eq!(trail.next(&replicas, None, nobody), Some(TWO));
    }

    #[test]
    fn nodes_that_name_each_other_do_not_keep_a_request_between_them() {
        let mut trail = Trail::default();
        trail.in_vain(ONE, Some(TWO));
        assert_eq!(trail.next(&replicas(None), None, nobody), Some(TWO));
        trail.in_vain(TWO, Some(ONE));
        assert_eq!(trail.next(&replicas(None), None, nobody), Some(THREE));
    }

    #[test]
    fn a_leader_that_is_no_replica_by_the_map_is_asked() {
        let mut trail = Trail::default();
        trail.in_vain(ONE, Some(NodeId(9)));
        assert_eq!(trail.next(&replicas(None), None, nobody), Some(NodeId(9)));
    }

    #[test]
    fn who_does_not_answer_is_asked_last_but_is_asked() {
        let mut trail = Trail::default();
        let (replicas, last) = (replicas(Some(ONE)), |node| node == ONE);
        let mut asked = Vec::new();
        while let Some(node) = trail.next(&replicas, Some(ONE), last) {
            asked.push(node);
            trail.in_vain(node, Some(ONE));
        }
        assert_eq!(asked, [TWO, THREE, ONE]);
    }

    proptest! {
        #[test]
        fn a_round_asks_each_replica_once_whatever_they_say(
            named in vec(proptest::option::of(0u64..6), 12),
            last in vec(any::<bool>(), 6),
            learned in proptest::option::of(0u64..6),
        ) {
            let mut trail = Trail::default();
            let replicas = replicas(None);
            let mut asked = Vec::new();
            let mut named = named.into_iter();
            while let Some(node) = trail.next(&replicas, learned.map(NodeId), |node| last[node.0 as usize]) {
                prop_assert!(!asked.contains(&node));
                asked.push(node);
                trail.in_vain(node, named.next().flatten().map(NodeId));
            }
            prop_assert!(replicas.nodes.iter().all(|node| asked.contains(node)));
        }
    }
}
