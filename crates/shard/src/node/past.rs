//! What a document was: its versions, their differences, and all of it in one file.

use super::{Inner, doc_key};
use rpc::{Caller, Compare, Comparison, Export, Exported, History, Refusal, Versions};

impl Inner {
    pub(super) async fn history(&self, caller: Caller, history: History) -> Result<Versions, Refusal> {
        let History { id, before, limit } = history;
        let shard = self.shard_of_document(id)?;
        shard.ready_to_read().await?;
        self.engine.history(&shard, &doc_key(&caller, id), &caller.user, before, limit).await
    }

    pub(super) async fn compare(&self, caller: Caller, compare: Compare) -> Result<Comparison, Refusal> {
        let Compare { id, from, to } = compare;
        let shard = self.shard_of_document(id)?;
        shard.ready_to_read().await?;
        self.engine.compare(&shard, &doc_key(&caller, id), &caller, from, to).await
    }

    pub(super) async fn export(&self, caller: Caller, export: Export) -> Result<Exported, Refusal> {
        let Export { id, at } = export;
        let shard = self.shard_of_document(id)?;
        shard.ready_to_read().await?;
        self.engine.export(&shard, &doc_key(&caller, id), &caller, at).await
    }
}
