//! Reads.

use super::{Inner, doc_key};
use base::DocId;
use rpc::{Caller, Read, Refusal, Seen};

impl Inner {
    /// A read of the newest version from the cache alone.
    pub(super) fn peek(&self, caller: &Caller, id: DocId) -> Option<Seen> {
        let shard = self.shard_of_document(id).ok()?;
        // The lease first: what is in the cache now was the truth at a moment when the lease held, or later.
        if !shard.group.leads_with_lease() {
            return None;
        }
        self.engine.views.get(&id, &caller.tenant)?.seen_by(&caller.user)
    }

    pub(super) async fn read(&self, caller: Caller, read: Read) -> Result<Seen, Refusal> {
        let shard = self.shard_of_document(read.id)?;
        shard.ready_to_read().await?;
        self.engine.read(&shard, &doc_key(&caller, read.id), &caller.user, read.at).await
    }
}
