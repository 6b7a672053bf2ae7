//! Creation from a file of Automerge, with the history that is in it.

use super::Inner;
use super::create::NewDocument;
use crate::documents::edit_id;
use base::{Labels, Slot};
use crdt::ImportError;
use rpc::{Caller, Create, Import, LimitKind, Refusal, Seen};
use serde_json::Value;
use std::sync::Arc;

impl Inner {
    pub(super) async fn import(&self, caller: Caller, import: Import) -> Result<Seen, Refusal> {
        let slot = Slot::of_owner(&caller.tenant, &caller.user);
        let shard = self.shard_of(slot)?;
        shard.ready_to_write()?;
        let Import { name, file, key } = import;
        // Here the question is cheaper than the work that a repetition would repeat.
        let edit = edit_id(&caller, &key);
        if let Some(receipt) = self.done_before(&shard, &caller.tenant, slot, &edit).await? {
            return self.created(caller, receipt.document, receipt.version).await;
        }
        shard.room_to_write()?;
        let turn = Arc::new(self.engine.imports.acquire(&caller).await?);
        // The work goes on when nobody waits for it any more, and so does its turn.
        let (limits, working) = (self.engine.limits, turn.clone());
        let read = move || {
            let _turn = working;
            crdt::import(&file, &limits).map_err(refused)
        };
        let crdt::Imported { shape, changes, heads, content } = self.work(read).await?;
        let new = NewDocument { changes, heads, content: content.into() };
        // What is in the file stands for the content.
        let create = Create { name, shape, content: Value::Null, key, labels: Labels::new() };
        let created = self.create_with(&shard, &caller, slot, &create, Some(new), &edit).await;
        drop(turn);
        created
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
