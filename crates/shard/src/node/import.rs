//! Creation from a file of Automerge, with the history that is in it.

use super::Inner;
use super::create::NewDocument;
use crate::documents::{RETRY_AFTER, edit_id};
use base::{Labels, Slot};
use crdt::ImportError;
use rpc::{Caller, Create, Import, LimitKind, Refusal, Seen};
use serde_json::Value;

/// What a byte of a file takes while it is looked into: its operations, and the document that Automerge opens.
const MEMORY_PER_BYTE: usize = 16;

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
        let kib = u32::try_from(file.len() / 1_024 * MEMORY_PER_BYTE + 1).unwrap_or(u32::MAX);
        let room = self.engine.waiting_room.clone().try_acquire_many_owned(kib);
        let _room = room.map_err(|_| Refusal::Busy { retry_after: RETRY_AFTER })?;
        let limits = self.engine.limits;
        let read = move || crdt::import(&file, &limits).map_err(refused);
        let crdt::Imported { shape, changes, heads, content } = self.work(read).await?;
        let new = NewDocument { changes, heads, content: content.into() };
        // What is in the file stands for the content.
        let create = Create { name, shape, content: Value::Null, key, labels: Labels::new() };
        self.create_with(&shard, &caller, slot, &create, Some(new), &edit).await
    }
}

fn refused(error: ImportError) -> Refusal {
    match error {
        ImportError::TooLarge { bytes, limit } => {
            Refusal::TooLarge { what: LimitKind::Document, limit, actual: Some(bytes) }
        }
        ImportError::TooDeep { limit } => Refusal::TooLarge { what: LimitKind::Depth, limit, actual: None },
        error => Refusal::BadEdit { operation: None, reason: error.to_string() },
    }
}
