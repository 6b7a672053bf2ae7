//! Selections: the first documents of a shard, in some order, that a user can reach and that pass a filter.
//!
//! There is no index for them: all that the user can reach in the shard is looked at, in id order. That is done a step at
//! a time, and only few steps are done at once: selections take turns, so that a long one does not hold up short ones, nor
//! the many of one caller those of others, and reads wait for a step at most. What is kept meanwhile is the page.

mod scan;
mod top;

use super::Inner;
use crate::fair::{Crowded, ENDS_WITHIN, FairSemaphore, InLine, Shares};
use crate::shard::Shard;
use rpc::{Caller, Refusal, Select, Selection};
use scan::Scan;
use std::sync::Arc;
use tokio::time::timeout;

/// Documents that one step looks at: it takes a few milliseconds.
const LOOKS_PER_STEP: usize = 1_024;

/// Who is served. A permit is for a step, and a list has a selection in every shard.
const SELECTIONS: Shares = Shares { at_once: 2, of_a_caller: 2, here: 4_096 };

/// Turns of a node's selections.
pub fn turns() -> Arc<FairSemaphore> {
    FairSemaphore::new(SELECTIONS)
}

impl Inner {
    pub(super) async fn select(&self, caller: Caller, select: Select) -> Result<Selection, Refusal> {
        let shard = self.shard(select.shard)?;
        let limit = select.limit.min(self.engine.limits.page_documents);
        let selecting = self.selections.line_up(&caller)?;
        let scan = Scan::new(caller, Select { limit, ..select });
        let page = self.go_through(&shard, selecting, scan);
        timeout(ENDS_WITHIN, page).await.unwrap_or(Err(Crowded.into()))
    }

    async fn go_through(
        &self,
        shard: &Arc<Shard>,
        mut selecting: InLine,
        mut scan: Scan,
    ) -> Result<Selection, Refusal> {
        while !scan.is_done() {
            // Each time: the node may have ceased to lead meanwhile.
            shard.ready_to_read().await?;
            let turn = selecting.permit().await;
            let shard = shard.clone();
            let step = move || {
                let _kept = turn;
                scan.step(&shard.machine.store().view(), LOOKS_PER_STEP)?;
                Ok(scan)
            };
            scan = self.work(step).await?;
        }
        Ok(scan.finish())
    }
}
