//! Edits.

use super::{Inner, doc_key};
use crate::command::EditId;
use crate::documents::{Pending, Queued, RETRY_AFTER, done_before, edit_id};
use crate::shard::Shard;
use crate::store::{DocKey, Receipt};
use base::{Level, Op, PathStep, Slot, TenantId};
use rpc::{At, Caller, Edit, Refusal, Seen, Write};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::oneshot;

impl Inner {
    pub(super) async fn write(&self, caller: Caller, write: Write) -> Result<Seen, Refusal> {
        let shard = self.shard_of_document(write.id)?;
        shard.ready_to_write()?;
        let doc = doc_key(&caller, write.id);
        // Before the queue: who may not write must not make others wait. It is checked again where the edit is made,
        // and where it is applied.
        let admitted = match shard.room_to_write() {
            Ok(()) => self.permitted(&shard, &doc, &caller, Level::Write).await,
            full => full,
        };
        if let Err(refusal) = admitted {
            return self.written_before(&shard, &doc, &caller, &write, refusal).await;
        }

        let busy = Refusal::Busy { retry_after: RETRY_AFTER };
        let kib = u32::try_from(memory_of(&write.edit) / 1_024 + 1).unwrap_or(u32::MAX);
        let room = self.engine.waiting_room.clone().try_acquire_many_owned(kib).map_err(|_| busy.clone())?;
        let (reply, answer) = oneshot::channel();
        let pending = Pending { caller, write, attempts: 0, room, reply };
        let open = self.engine.open.entry(shard.id, &doc);
        match open.queue.push(pending) {
            Queued::Waits => {}
            Queued::StartWork => self.engine.start_work(&shard, open),
            Queued::Full => return Err(busy),
        }
        answer.await.unwrap_or(Err(Refusal::Unknown { shard: shard.id }))
    }

    /// The answer to a write that could not be made now: that of the first time, if this is a repetition.
    async fn written_before(
        &self,
        shard: &Arc<Shard>,
        doc: &DocKey,
        caller: &Caller,
        write: &Write,
        refusal: Refusal,
    ) -> Result<Seen, Refusal> {
        let edit = edit_id(caller, &write.key);
        match self.done_before(shard, &doc.tenant, doc.id.slot(), &edit).await? {
            Some(receipt) => self.engine.read(shard, doc, &caller.user, At::Version(receipt.version)).await,
            None => Err(refusal),
        }
    }

    /// What was done for an edit before. Whoever refuses a write without asking the log asks here first: an earlier attempt
    /// may have been done though its answer was lost, and a refusal would say that it was not.
    pub(super) async fn done_before(
        &self,
        shard: &Arc<Shard>,
        tenant: &TenantId,
        slot: Slot,
        edit: &EditId,
    ) -> Result<Option<Receipt>, Refusal> {
        let (shard, tenant, edit) = (shard.clone(), tenant.clone(), edit.clone());
        self.work(move || done_before(&shard.machine.store().view(), &tenant, slot, &edit)).await
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
            Some(cached) => cached.level_of(&caller.user),
            None => {
                let (shard, doc, user) = (shard.clone(), doc.clone(), caller.user.clone());
                self.work(move || {
                    Ok(crate::documents::level_of_user(&shard.machine.store().view(), &doc, &user)?)
                })
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

/// About how many bytes of memory an edit takes while it waits.
fn memory_of(edit: &Edit) -> usize {
    match edit {
        Edit::Replace(content) => memory_of_value(content),
        Edit::Operations { ops, .. } => ops.iter().map(memory_of_op).sum(),
    }
}

fn memory_of_op(op: &Op) -> usize {
    let (path, inside) = match op {
        Op::Set { path, value } | Op::Insert { path, value } => (path, memory_of_value(value)),
        Op::Splice { path, insert, .. } => (path, insert.len()),
        Op::Delete { path } | Op::Increment { path, .. } => (path, 0),
    };
    let steps: usize =
        path.iter().map(|step| if let PathStep::Key(key) = step { key.len() } else { 0 }).sum();
    size_of::<Op>() + size_of_val(path.as_slice()) + steps + inside
}

/// About how many bytes of memory a value takes.
pub(super) fn memory_of_value(value: &Value) -> usize {
    // A place in a map takes its key, its hash and its index, too.
    const ENTRY: usize = 64;
    size_of::<Value>()
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(memory_of_value).sum(),
            Value::Object(map) => {
                map.iter().map(|(key, value)| ENTRY + key.len() + memory_of_value(value)).sum()
            }
        }
}
