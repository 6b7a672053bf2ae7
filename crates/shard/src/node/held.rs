//! The shards that have a replica here. They come and go while requests are served.

use crate::shard::Shard;
use base::ShardId;
use parking_lot::{Mutex, RwLock};
use rpc::OnRevoked;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Shards by their numbers.
pub(super) type ById = BTreeMap<ShardId, Arc<Shard>>;

/// The shards of a node, read by every request and written when a replica comes or goes.
#[derive(Default)]
pub(super) struct Held {
    shards: RwLock<Arc<ById>>,
    /// Who hears of tickets that are taken back, in every shard. Locked before `shards` is written.
    heard: Mutex<Vec<OnRevoked>>,
}

impl Held {
    /// All of them, as they are now.
    pub(super) fn all(&self) -> Arc<ById> {
        self.shards.read().clone()
    }

    pub(super) fn get(&self, id: ShardId) -> Option<Arc<Shard>> {
        self.shards.read().get(&id).cloned()
    }

    /// Takes a shard in. Whoever hears of revocations hears of those in this one, too.
    pub(super) fn insert(&self, shard: Arc<Shard>) {
        let heard = self.heard.lock();
        heard.iter().for_each(|heard| shard.machine.on_revoked(heard.clone()));
        Arc::make_mut(&mut self.shards.write()).insert(shard.id, shard);
    }

    pub(super) fn remove(&self, id: ShardId) {
        let _heard = self.heard.lock();
        Arc::make_mut(&mut self.shards.write()).remove(&id);
    }

    /// Whom to tell, from now on, of tickets that are taken back in any shard, those that come later among them.
    pub(super) fn on_revoked(&self, heard: OnRevoked) {
        let mut all = self.heard.lock();
        self.all().values().for_each(|shard| shard.machine.on_revoked(heard.clone()));
        all.push(heard);
    }
}
