//! Reads.

use super::{Inner, doc_key};
use base::DocId;
use rpc::{At, Caller, Read, Refusal, Seen};

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
        let shard = self.shard_of_document(read.id)?.clone();
        shard.ready_to_read().await?;
        let (engine, doc) = (self.engine.clone(), doc_key(&caller, read.id));
        self.work(move || match read.at {
            At::Now => engine.read_newest(&shard.machine, &doc, &caller.user),
            past => engine.read_past(&shard.machine, &doc, &caller.user, &past),
        })
        .await
    }
}
