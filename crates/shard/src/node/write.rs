//! Edits.

use super::{Inner, doc_key};
use crate::documents::{Pending, Queued, RETRY_AFTER, Runner};
use crate::shard::Shard;
use crate::store::DocKey;
use base::Level;
use rpc::{Caller, Refusal, Seen, Write};
use std::sync::Arc;
use tokio::sync::oneshot;

impl Inner {
    pub(super) async fn write(&self, caller: Caller, write: Write) -> Result<Seen, Refusal> {
        let shard = self.shard_of_document(write.id)?.clone();
        shard.ready_to_write()?;
        self.room_to_write()?;
        let doc = doc_key(&caller, write.id);
        // Before the queue: who may not write must not make others wait. It is checked again where the edit is made,
        // and where it is applied.
        self.permitted(&shard, &doc, &caller, Level::Write).await?;

        let (reply, answer) = oneshot::channel();
        let pending = Pending { caller, write, attempts: 0, reply };
        let open = self.engine.open.entry(&doc);
        match open.push(pending) {
            Queued::Waits => {}
            Queued::StartWork => {
                let runner = Runner { engine: self.engine.clone(), shard: shard.clone(), open };
                self.engine.tasks.spawn(runner.run());
            }
            Queued::Full => return Err(Refusal::Busy { retry_after: RETRY_AFTER }),
        }
        answer.await.unwrap_or(Err(Refusal::Unknown { shard: shard.id }))
    }

    /// Whether the caller may do something, as the store has it now.
    pub(super) async fn permitted(
        &self,
        shard: &Arc<Shard>,
        doc: &DocKey,
        caller: &Caller,
        needed: Level,
    ) -> Result<(), Refusal> {
        let held = match self.engine.views.get(&doc.id, &doc.tenant) {
            Some(cached) => cached.seen_by(&caller.user).map(|seen| seen.level),
            None => {
                let (shard, doc, user) = (shard.clone(), doc.clone(), caller.user.clone());
                self.work(move || Ok(crate::documents::level_of_user(shard.machine.store(), &doc, &user)?))
                    .await?
            }
        };
        match held {
            None => Err(Refusal::NotFound),
            Some(held) if held < needed => Err(Refusal::Forbidden { needed, held }),
            Some(_) => Ok(()),
        }
    }
}
