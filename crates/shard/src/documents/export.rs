//! The Automerge file of a document: everything up to a state, as any program that knows Automerge loads it.

use super::engine::Engine;
use super::fault::chain;
use super::moment::{Past, past, refused_heads, version_of};
use super::open::Loaded;
use super::{Fault, stored};
use crate::fair::{Crowded, ENDS_WITHIN};
use crate::shard::Shard;
use crate::store::DocKey;
use base::{Heads, UserId};
use crdt::Frozen;
use rpc::{At, Caller, Exported, LimitKind, Refusal};
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

impl Engine {
    /// The file. The document is held while it is copied, and not while the copy is saved.
    ///
    /// Few copies are there at once, and one of a caller, because each is a whole document. One of them is saved at a time: a
    /// copy that waits for its document is in nobody's way.
    pub async fn export(
        self: &Arc<Engine>,
        shard: &Arc<Shard>,
        doc: &DocKey,
        caller: &Caller,
        at: At,
    ) -> Result<Exported, Refusal> {
        self.may_read(shard, doc, &caller.user).await?;
        let deadline = Instant::now() + ENDS_WITHIN;
        let turn = self.exports.acquire(caller).await?;
        let (engine, held, key, user) = (self.clone(), shard.clone(), doc.clone(), caller.user.clone());
        // The work goes on when nobody waits for it any more, and so does its turn.
        let copy = move |state: &mut Option<Loaded>| (engine.copy(&held, &key, &user, &at, state), turn);
        let (copied, turn) = timeout_at(deadline, self.with_open(shard, doc, copy))
            .await
            .map_err(|_| Crowded)?
            .map_err(Fault::from)?;
        let (version, heads, frozen) = copied?;
        let saving = timeout_at(deadline, self.saves.clone().acquire_owned()).await.map_err(|_| Crowded)?;
        let saving = saving.expect("nobody closes this semaphore");
        let limit = self.limits.export_bytes;
        let save = move || {
            let _kept = (turn, saving);
            saved(&frozen, limit)
        };
        let file = self.workers.run(save).await.map_err(Fault::from)??;
        Ok(Exported { version, heads, file: file.into(), revision: shard.revision() })
    }

    /// Before the document is opened, so that strangers cannot make the hub work.
    async fn may_read(&self, shard: &Arc<Shard>, doc: &DocKey, user: &UserId) -> Result<(), Refusal> {
        let (shard, doc, user) = (shard.clone(), doc.clone(), user.clone());
        let look = move || stored::level_of_user(&shard.machine.store().view(), &doc, &user);
        let level = self.workers.run(look).await.map_err(Fault::from)??;
        level.map(|_| ()).ok_or(Refusal::NotFound)
    }

    fn copy(
        &self,
        shard: &Shard,
        doc: &DocKey,
        user: &UserId,
        at: &At,
        state: &mut Option<Loaded>,
    ) -> Result<(u64, Heads, Frozen), Refusal> {
        let store = &shard.machine.store().view();
        let loaded = self.in_step(store, doc, state)?;
        // Again: it may have been a while until the document was free.
        stored::level(store, doc, &loaded.head, user)?.ok_or(Refusal::NotFound)?;
        let newest = (loaded.head.version, loaded.heads.clone());
        let past = past(store, doc, &loaded.head, at)?;
        let heads = past.as_ref().map_or(&newest.1, |past| &past.heads);
        let frozen = match loaded.document.freeze_at(heads) {
            Ok(frozen) => frozen,
            Err(error) => return Err(refused_heads(error, state)),
        };
        let (version, heads) = match past {
            None => newest,
            Some(Past { heads, at: Some((version, _)) }) => (version, heads),
            Some(Past { heads, at: None }) => (version_of(store, doc, &loaded.head, &heads)?.0, heads),
        };
        Ok((version, heads, frozen))
    }
}

fn saved(frozen: &Frozen, limit: usize) -> Result<Vec<u8>, Refusal> {
    let file = frozen.save().map_err(|error| Fault::damaged(chain(&error)))?;
    if file.len() > limit {
        return Err(Refusal::TooLarge { what: LimitKind::Export, limit, actual: Some(file.len()) });
    }
    Ok(file)
}
