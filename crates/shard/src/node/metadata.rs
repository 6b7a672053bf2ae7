//! Names and labels.

use super::delete::origin;
use super::{Inner, doc_key};
use crate::command::{Command, LabelChange, SetMetadata as SetMetadataCommand};
use crate::documents::{edit_id, refusal, unavailable, unproposed};
use crate::machine::{Outcome, Rejection};
use base::Level;
use rpc::{At, Caller, Refusal, Seen, SetMetadata};

/// How often a change on a condition is tried on a document that changes meanwhile.
const ATTEMPTS_MAX: u32 = 16;

impl Inner {
    /// Changes what is said of a document, and shows the version that it was said of; so does a repetition. What is said is
    /// shown as it is by then.
    pub(super) async fn set_metadata(&self, caller: Caller, set: SetMetadata) -> Result<Seen, Refusal> {
        let shard = self.shard_of_document(set.id)?;
        shard.ready_to_write()?;
        let doc = doc_key(&caller, set.id);
        let edit = edit_id(&caller, &set.key);
        // Before anything is refused: an earlier attempt may have been done though its answer was lost.
        if let Some(receipt) = self.done_before(&shard, &doc.tenant, doc.id.slot(), &edit).await? {
            return self.engine.read(&shard, &doc, &caller.user, At::Version(receipt.version)).await;
        }
        shard.room_to_write()?;
        // Who may not write puts nothing into the log. It is checked again where it is applied.
        self.permitted(&shard, &doc, &caller, Level::Write).await?;
        let change =
            |(key, value): (&String, &Option<String>)| LabelChange { key: key.clone(), value: value.clone() };
        for _ in 0..ATTEMPTS_MAX {
            let needed = Level::Write;
            let version = self.pinned_version(&shard, &doc, &caller, needed, &set.precondition).await?;
            let command = Command::SetMetadata(SetMetadataCommand {
                origin: origin(&caller),
                edit: edit.clone(),
                document: *doc.id.as_bytes(),
                version,
                name: set.name.clone(),
                clear_labels: set.clear_labels,
                labels: set.labels.iter().map(change).collect(),
                labels_max: u32::try_from(self.engine.limits.labels).unwrap_or(u32::MAX),
            });
            let outcome = shard.proposer.propose(vec![], command).await;
            match outcome.map_err(|error| unproposed(shard.id, &error))? {
                Outcome::One(Ok(done)) => {
                    self.engine.channels.described(&doc);
                    return self.engine.read(&shard, &doc, &caller.user, At::Version(done.version)).await;
                }
                Outcome::One(Err(Rejection::Stale)) => {}
                Outcome::One(Err(rejection)) => return Err(refusal(rejection, &self.engine.limits)),
                Outcome::Edits(_) | Outcome::Ticket(_) => {
                    return Err(Refusal::Internal {
                        reason: "a change of metadata has one outcome".to_owned(),
                    });
                }
            }
        }
        let reason = "the document changes too quickly for a change of its metadata on a condition";
        Err(unavailable(shard.id, reason.to_owned()))
    }
}
