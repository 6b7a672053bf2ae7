//! Creation from a file of Automerge, with the history that is in it.

use super::Inner;
use super::create::NewDocument;
use crate::command::EditId;
use crate::documents::{edit_id, unavailable};
use crate::shard::Shard;
use base::{Labels, Slot};
use crdt::ImportError;
use rpc::{Caller, Create, Import, LimitKind, Refusal, Seen};
use serde_json::Value;
use std::sync::Arc;

impl Inner {
    pub(super) async fn import(self: &Arc<Self>, caller: Caller, import: Import) -> Result<Seen, Refusal> {
        let slot = Slot::of_owner(&caller.tenant, &caller.user);
        let shard = self.shard_of(slot)?;
        shard.ready_to_write()?;
        // Here the question is cheaper than the work that a repetition would repeat.
        let edit = edit_id(&caller, &import.key);
        if let Some(receipt) = self.done_before(&shard, &caller.tenant, slot, &edit).await? {
            return self.created(caller, receipt.document, receipt.version).await;
        }
        shard.room_to_write()?;
        let turn = self.engine.imports.acquire(&caller).await?;
        // It goes on when nobody waits for it any more, up to the receipt: what takes longer than anyone waits would have to be
        // begun again and again otherwise.
        let (inner, id) = (self.clone(), shard.id);
        let import = self.engine.tasks.spawn(async move {
            let _turn = turn;
            inner.import_in_turn(&shard, caller, slot, import, &edit).await
        });
        import.await.unwrap_or(Err(Refusal::Unknown { shard: id }))
    }

    async fn import_in_turn(
        &self,
        shard: &Arc<Shard>,
        caller: Caller,
        slot: Slot,
        import: Import,
        edit: &EditId,
    ) -> Result<Seen, Refusal> {
        // Again: an earlier attempt may have ended while this one waited for its turn.
        if let Some(receipt) = self.done_before(shard, &caller.tenant, slot, edit).await? {
            return self.created(caller, receipt.document, receipt.version).await;
        }
        let Import { name, file, key } = import;
        let limits = self.engine.limits;
        let read = self.work(move || crdt::import(&file, &limits).map_err(refused));
        let Some(read) = self.engine.stopping.run_until_cancelled(read).await else {
            return Err(unavailable(shard.id, "the node is stopping".to_owned()));
        };
        let crdt::Imported { shape, changes, heads, content } = read?;
        let new = NewDocument { changes, heads, content: content.into() };
        // What is in the file stands for the content.
        let create = Create { name, shape, content: Value::Null, key, labels: Labels::new() };
        self.create_with(shard, &caller, slot, &create, Some(new), edit).await
    }
}

fn refused(error: ImportError) -> Refusal {
    match error {
        ImportError::TooLarge { bytes, limit } => {
            Refusal::TooLarge { what: LimitKind::Document, limit, actual: Some(bytes) }
        }
        ImportError::TooLong { bytes, limit } => {
            Refusal::TooLarge { what: LimitKind::Export, limit, actual: Some(bytes) }
        }
        ImportError::TooDeep { limit } => Refusal::TooLarge { what: LimitKind::Depth, limit, actual: None },
        error => Refusal::BadEdit { operation: None, reason: error.to_string() },
    }
}
