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
        self.engine.views.get(&id, &caller.tenant)?.seen_by(&caller.user, &shard)
    }

    pub(super) async fn read(&self, caller: Caller, read: Read) -> Result<Seen, Refusal> {
        let shard = self.shard_of_document(read.id)?;
        let Read { id, at, at_least } = read;
        let fresh = match at_least {
            Some(index) => shard.ready_to_read_at(index).await?,
            None => shard.ready_to_read().await.map(|()| None)?,
        };
        let seen = self.engine.read(&shard, &doc_key(&caller, id), &caller.user, at).await;
        // Whatever it is: that there is no such document may be old, too.
        shard.still_fresh(fresh)?;
        seen
    }
}
