//! Sockets: sessions at documents.

use super::{Inner, NodeService, doc_key};
use crate::live::{Seat, begin_to_follow};
use rpc::{Answer, Caller, Follow, FollowSession, Join, Live, Refusal, SyncSession};
use std::sync::Arc;

impl Inner {
    fn join(&self, caller: Caller, join: Join) -> Result<Arc<dyn SyncSession>, Refusal> {
        let shard = self.shard_of_document(join.id)?;
        let live = self.engine.live.entry(&shard.reign()?, &doc_key(&caller, join.id));
        Ok(Arc::new(Seat::take(&self.engine, &shard, live, caller, join)?))
    }

    async fn follow(&self, caller: Caller, follow: Follow) -> Result<Arc<dyn FollowSession>, Refusal> {
        let shard = self.shard_of_document(follow.id)?;
        begin_to_follow(&self.engine, &shard, caller, follow).await
    }
}

impl Live for NodeService {
    fn join(&self, caller: Caller, join: Join) -> Answer<'_, Arc<dyn SyncSession>> {
        Box::pin(std::future::ready(self.inner.join(caller, join)))
    }

    fn follow(&self, caller: Caller, follow: Follow) -> Answer<'_, Arc<dyn FollowSession>> {
        Box::pin(self.inner.follow(caller, follow))
    }
}

#[cfg(test)]
impl NodeService {
    /// What a document meets in the node, for tests that look closer than clients can.
    pub(crate) fn behind(&self, caller: &Caller, id: base::DocId) -> Behind {
        let shard = self.inner.shard_of_document(id).unwrap();
        let engine = self.inner.engine.clone();
        let live = engine.live.entry(&shard.reign().unwrap(), &doc_key(caller, id));
        (engine, shard, live)
    }
}

#[cfg(test)]
type Behind = (Arc<crate::documents::Engine>, Arc<crate::shard::Shard>, Arc<crate::live::LiveDocument>);
