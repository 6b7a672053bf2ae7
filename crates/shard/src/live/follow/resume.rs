//! Working out the step from a version that is not kept any more: for a client that was away for a while.

use super::channel::Channel;
use base::UserId;
use rpc::{At, Refusal, Update};
use std::sync::Arc;

impl Channel {
    /// Works out the step from `version` to what everyone is led to, for all who are there. Where there is none they are
    /// given the document as it is.
    pub(super) async fn resume(self: Arc<Self>, version: u64, with_changes: bool, user: UserId) {
        let step = self.step_from(version, with_changes, &user).await;
        if step.is_err() || matches!(step, Ok(None)) {
            self.followers().iter().for_each(|follower| follower.give_up(version));
        }
        {
            let mut state = self.state.lock();
            state.resuming.remove(&(version, with_changes));
            if let Ok(Some(step)) = step {
                state.history.push(step);
            }
        }
        self.ring();
    }

    async fn step_from(
        self: &Arc<Self>,
        version: u64,
        with_changes: bool,
        user: &UserId,
    ) -> Result<Option<Arc<Update>>, Refusal> {
        let old = self.engine.read(&self.shard, &self.live.doc, user, At::Version(version)).await?;
        let Some(new) = self.state.lock().current.clone() else { return Ok(None) };
        self.lead(old.view, new, with_changes).await
    }
}
