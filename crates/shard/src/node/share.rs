//! Access lists.

use super::delete::origin;
use super::{Inner, doc_key};
use crate::command::{Command, Share as ShareCommand};
use crate::documents::{access_list, edit_id, head, level, refusal, unproposed, words};
use crate::machine::Outcome;
use crate::shard::Shard;
use crate::store::DocKey;
use base::{DocId, Level};
use rpc::{Access, AccessEntry, Caller, Refusal, Share};
use std::sync::Arc;

impl Inner {
    pub(super) async fn share(&self, caller: Caller, share: Share) -> Result<Access, Refusal> {
        let shard = self.shard_of_document(share.id)?;
        shard.ready_to_write()?;
        let doc = doc_key(&caller, share.id);
        let edit = edit_id(&caller, &share.key);
        // First, for who has just taken away their own access and asks again.
        if self.done_before(&shard, &doc.tenant, doc.id.slot(), &edit).await?.is_some() {
            return self.shared(&shard, doc, caller, share).await;
        }
        shard.room_to_write()?;
        let before = self.access_of(&shard, &doc, &caller, Level::Admin).await?;
        if share.principal == before.owner {
            let reason = format!("{} owns the document, and keeps full access", before.owner);
            return Err(Refusal::BadEdit { operation: None, reason });
        }
        let entries_max = u32::try_from(self.engine.limits.access_entries).unwrap_or(u32::MAX);
        let command = Command::Share(ShareCommand {
            origin: origin(&caller),
            edit,
            document: *doc.id.as_bytes(),
            principal: share.principal.as_str().to_owned(),
            level: share.level.map(|level| level as u8),
            entries_max,
        });
        let outcome = shard.proposer.propose(vec![], command).await;
        match outcome.map_err(|error| unproposed(shard.id, &error))? {
            // Who has just taken away their own access still sees what they did.
            Outcome::One(Ok(_)) => self.list_of(&shard, &doc).await,
            Outcome::One(Err(rejection)) => Err(refusal(rejection, &self.engine.limits)),
            Outcome::Edits(_) | Outcome::Ticket(_) => {
                Err(Refusal::Internal { reason: "a share has one outcome".to_owned() })
            }
        }
    }

    pub(super) async fn access(&self, caller: Caller, id: DocId) -> Result<Access, Refusal> {
        let shard = self.shard_of_document(id)?;
        shard.ready_to_read().await?;
        self.access_of(&shard, &doc_key(&caller, id), &caller, Level::Read).await
    }

    /// The answer to a repeated share. Who may not read the document any more is not told how it is by now, nor that it is there.
    /// Only who took away their own access with this very request hears that it is done, and nothing of the list. The owner is
    /// who it was then: documents do not change hands.
    async fn shared(
        &self,
        shard: &Arc<Shard>,
        doc: DocKey,
        caller: Caller,
        share: Share,
    ) -> Result<Access, Refusal> {
        let shard = shard.clone();
        self.work(move || {
            let store = &shard.machine.store().view();
            let head = head(store, &doc)?.ok_or(Refusal::NotFound)?;
            if level(store, &doc, &head, &caller.user)?.is_some() {
                return read_list(&shard, &doc);
            }
            if share.principal != caller.user || share.level.is_some() {
                return Err(Refusal::NotFound);
            }
            Ok(Access { owner: words(&head)?.owner, entries: vec![], revision: shard.revision() })
        })
        .await
    }

    /// The access list, for who holds `needed`.
    async fn access_of(
        &self,
        shard: &Arc<Shard>,
        doc: &DocKey,
        caller: &Caller,
        needed: Level,
    ) -> Result<Access, Refusal> {
        let (shard, doc, user) = (shard.clone(), doc.clone(), caller.user.clone());
        self.work(move || {
            let store = &shard.machine.store().view();
            let head = head(store, &doc)?.ok_or(Refusal::NotFound)?;
            match level(store, &doc, &head, &user)? {
                None => Err(Refusal::NotFound),
                Some(held) if held < needed => Err(Refusal::Forbidden { needed, held }),
                Some(_) => read_list(&shard, &doc),
            }
        })
        .await
    }

    async fn list_of(&self, shard: &Arc<Shard>, doc: &DocKey) -> Result<Access, Refusal> {
        let (shard, doc) = (shard.clone(), doc.clone());
        self.work(move || read_list(&shard, &doc)).await
    }
}

fn read_list(shard: &Shard, doc: &DocKey) -> Result<Access, Refusal> {
    let store = &shard.machine.store().view();
    let head = head(store, doc)?.ok_or(Refusal::NotFound)?;
    let entries = access_list(store, doc)?.into_iter();
    let entries = entries.map(|(principal, level)| AccessEntry { principal, level }).collect();
    Ok(Access { owner: words(&head)?.owner, entries, revision: shard.revision() })
}
