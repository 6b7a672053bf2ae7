//! Deletion.

use super::{Inner, doc_key};
use crate::command::{Command, Delete as DeleteCommand, Origin};
use crate::documents::{Fault, edit_id, head, level, refusal, unavailable, unproposed};
use crate::machine::{Outcome, Rejection};
use crate::shard::Shard;
use crate::store::{DocKey, split_heads};
use base::{Level, heads_tag};
use rpc::{Caller, Delete, Precondition, Refusal, Revision};
use std::sync::Arc;

/// How often a deletion with a precondition is tried on a document that changes meanwhile.
const ATTEMPTS_MAX: u32 = 16;

impl Inner {
    pub(super) async fn delete(&self, caller: Caller, delete: Delete) -> Result<Revision, Refusal> {
        let shard = self.shard_of_document(delete.id)?;
        shard.ready_to_write()?;
        let doc = doc_key(&caller, delete.id);
        let edit = edit_id(&caller, &delete.key);
        if let Err(full) = shard.room_to_write() {
            let before = self.done_before(&shard, &doc.tenant, doc.id.slot(), &edit).await?;
            return before.map(|_done| shard.revision()).ok_or(full);
        }
        for _ in 0..ATTEMPTS_MAX {
            let version =
                self.pinned_version(&shard, &doc, &caller, Level::Owner, &delete.precondition).await?;
            let command = Command::Delete(DeleteCommand {
                origin: origin(&caller),
                edit: edit.clone(),
                document: *doc.id.as_bytes(),
                version,
            });
            let outcome = shard.proposer.propose(vec![], command).await;
            match outcome.map_err(|error| unproposed(shard.id, &error))? {
                Outcome::One(Ok(_)) => return Ok(shard.revision()),
                Outcome::One(Err(Rejection::Stale)) => {}
                Outcome::One(Err(rejection)) => return Err(refusal(rejection, &self.engine.limits)),
                Outcome::Edits(_) | Outcome::Ticket(_) => {
                    return Err(Refusal::Internal { reason: "a deletion has one outcome".to_owned() });
                }
            }
        }
        Err(unavailable(
            shard.id,
            "the document changes too quickly for a deletion on a condition".to_owned(),
        ))
    }

    /// The version that the precondition holds for; `None` where there is none to hold.
    ///
    /// Whoever holds less than `needed` is told so by the log, and learns nothing from the precondition.
    pub(super) async fn pinned_version(
        &self,
        shard: &Arc<Shard>,
        doc: &DocKey,
        caller: &Caller,
        needed: Level,
        precondition: &Precondition,
    ) -> Result<Option<u64>, Refusal> {
        if *precondition == Precondition::default() {
            return Ok(None);
        }
        let (shard, doc, user, precondition) =
            (shard.clone(), doc.clone(), caller.user.clone(), precondition.clone());
        self.work(move || {
            let store = &shard.machine.store().view();
            let Some(head) = head(store, &doc)? else { return Ok(None) };
            if level(store, &doc, &head, &user)? < Some(needed) {
                return Ok(None);
            }
            let tag = heads_tag(&split_heads(&head.heads).map_err(Fault::from)?);
            if precondition.holds(&tag) { Ok(Some(head.version)) } else { Err(Refusal::Precondition { tag }) }
        })
        .await
    }
}

/// Where a command of this caller comes from, now.
pub(super) fn origin(caller: &Caller) -> Origin {
    Origin {
        tenant: caller.tenant.as_str().to_owned(),
        principals: vec![caller.user.as_str().to_owned()],
        time_ms: base::now().0,
    }
}
