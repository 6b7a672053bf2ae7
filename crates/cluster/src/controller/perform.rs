//! Writing down what was decided, under the fence of the election.

use super::Action;
use crate::coordinator::{Committed, Compare, CoordinatorError, SharedCoordinator, TXN_OPS_MAX, Txn};
use crate::plan::{FirstPlacement, Move};
use crate::state::{Key, Keys, NodeRecord, encode};
use crate::view::Stored;
use base::SlotMap;

/// Placements in one transaction, each with a comparison. Two more comparisons and some room are left of what etcd takes.
const PLACEMENTS_A_TXN: usize = TXN_OPS_MAX - 28;

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Performed {
    /// It is written.
    Done,
    /// What it was decided upon has changed. Decide again.
    Stale,
    /// Another process is the controller.
    Deposed,
}

/// The hand of an elected controller.
pub(super) struct Hand {
    pub coordinator: SharedCoordinator,
    pub keys: Keys,
    /// Compared by every write.
    pub fence: Compare,
}

impl Hand {
    pub async fn perform(&self, action: &Action) -> Result<Performed, CoordinatorError> {
        match action {
            Action::PlaceFirst { slots, first } => self.place_first(slots, first).await,
            Action::Move { step, revision, taker } => self.make_move(step, *revision, taker).await,
        }
    }

    /// Writes the first placement. A transaction cannot hold it, so it is complete when the slot map is there, which comes
    /// last; until then placements mean nothing, and another controller may write others over them. A shard that has been
    /// heard of meanwhile is not placed: it is somewhere already.
    async fn place_first(
        &self,
        slots: &SlotMap,
        first: &FirstPlacement,
    ) -> Result<Performed, CoordinatorError> {
        for (node, shard) in &first.unmet {
            tracing::warn!(%node, %shard, "the node prefers to lead a shard that does not exist, or that another one leads");
        }
        let map = self.keys.path(Key::Slots);
        let placements: Vec<_> = first.placements.iter().collect();
        for part in placements.chunks(PLACEMENTS_A_TXN) {
            let mut txn = Txn::new().when(Compare::Absent(map.clone()));
            for (shard, placement) in part {
                txn = txn
                    .when(Compare::Absent(self.keys.path(Key::Observed(**shard))))
                    .put(self.keys.path(Key::Desired(**shard)), encode(*placement));
            }
            match self.commit(txn).await? {
                Performed::Done => {}
                otherwise => return Ok(otherwise),
            }
        }
        self.commit(Txn::new().when(Compare::Absent(map.clone())).put(map, encode(slots))).await
    }

    /// Writes one move, unless the node that takes the replica has been removed, drained or started anew meanwhile. Its record
    /// is written again as it is: whoever is about to remove the node looks again whether it is needed.
    async fn make_move(
        &self,
        step: &Move,
        revision: u64,
        taker: &Stored<NodeRecord>,
    ) -> Result<Performed, CoordinatorError> {
        tracing::info!(shard = %step.shard, from = %step.from, to = %step.to, "moving a replica");
        let key = self.keys.path(Key::Desired(step.shard));
        let unchanged = Compare::Unchanged { key: key.clone(), revision };
        let node = self.keys.path(Key::Node(step.to));
        let takes = Compare::Unchanged { key: node.clone(), revision: taker.revision };
        let txn = Txn::new().when(unchanged).when(takes);
        self.commit(txn.put(key, encode(&step.placement)).put(node, encode(&taker.value))).await
    }

    /// Commits under the fence, and finds out which comparison did not hold.
    async fn commit(&self, txn: Txn) -> Result<Performed, CoordinatorError> {
        if let Committed::Done(_) = self.coordinator.commit(txn.when(self.fence.clone())).await? {
            return Ok(Performed::Done);
        }
        match self.coordinator.commit(Txn::new().when(self.fence.clone())).await? {
            Committed::Done(_) => Ok(Performed::Stale),
            Committed::Conflict => Ok(Performed::Deposed),
        }
    }
}
