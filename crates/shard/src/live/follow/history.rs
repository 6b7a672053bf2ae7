//! `History`: the steps that a document took lately.

use rpc::Update;
use std::collections::VecDeque;
use std::sync::Arc;

/// Steps kept: two seconds of a document that changes all the time.
const KEPT: usize = 128;

/// Bytes of all steps kept, the newest excepted.
const KEPT_BYTES: usize = 1 << 20;

/// The newest steps, oldest first. They need not join: some lead further than others.
#[derive(Debug, Default)]
pub struct History {
    steps: VecDeque<Arc<Update>>,
    bytes: usize,
}

impl History {
    /// Keeps a step.
    pub fn push(&mut self, step: Arc<Update>) {
        self.bytes += step.weight();
        self.steps.push_back(step);
        while self.steps.len() > KEPT || (self.bytes > KEPT_BYTES && self.steps.len() > 1) {
            let oldest = self.steps.pop_front().expect("there is more than one");
            self.bytes -= oldest.weight();
        }
    }

    /// A step that begins at this version: the newest one, which leads the furthest.
    pub fn from(&self, version: u64, with_changes: bool) -> Option<Arc<Update>> {
        let fits = |step: &&Arc<Update>| step.from == version && (step.changes.is_some() || !with_changes);
        self.steps.iter().rev().find(fits).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{Op, Timestamp};
    use bytes::Bytes;
    use rpc::UpdateParts;

    fn step(from: u64, version: u64, bytes: usize, changes: Option<Bytes>) -> Arc<Update> {
        let ops = vec![Op::Splice { path: vec![], position: 0, delete: 0, insert: "x".repeat(bytes) }];
        let (heads, authors, at) = (vec![], vec![], Timestamp(0));
        Arc::new(Update::new(UpdateParts { from, version, heads, authors, at, ops, changes }))
    }

    #[test]
    fn the_step_that_leads_furthest_is_found() {
        let mut history = History::default();
        for (from, version) in [(1, 2), (2, 5), (1, 5)] {
            history.push(step(from, version, 1, None));
        }
        assert_eq!(history.from(1, false).unwrap().version, 5);
        assert_eq!(history.from(2, false).unwrap().version, 5);
        assert!(history.from(5, false).is_none() && history.from(1, true).is_none());
        history.push(step(1, 5, 1, Some(Bytes::new())));
        assert!(history.from(1, true).is_some());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut history = History::default();
        (0..1_000).for_each(|version| history.push(step(version, version + 1, 1, None)));
        assert_eq!(history.steps.len(), KEPT);
        history.push(step(1_000, 1_001, KEPT_BYTES, None));
        assert_eq!((history.steps.len(), history.from(1_000, false).is_some()), (1, true));
        history.push(step(1_001, 1_002, 1, None));
        assert_eq!(history.steps.len(), 1);
        assert_eq!(history.bytes, history.steps[0].weight());
    }
}
