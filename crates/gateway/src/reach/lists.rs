//! What is asked of one shard, whoever's documents are in it.

use super::Reach;
use super::errand::{Errand, Place};
use super::shards::home;
use rpc::{Answer, Caller, Changes, ChangesPage, List, Page};

impl Reach {
    /// The shard of what a caller makes: the one that is asked for lists and feeds.
    pub(super) fn home_shard(&self, caller: &Caller) -> Place {
        let home = home(caller);
        self.shared.router.shard(home).map_or(home, Place::Shard)
    }

    /// A page of the documents in the shard there.
    pub(super) fn list_in(&self, place: Place, caller: Caller, list: List) -> Answer<'_, Page> {
        self.ask(Errand::read(place), move |_, node, _| {
            let (caller, list) = (caller.clone(), list.clone());
            Box::pin(async move { node.shards.list(caller, list).await })
        })
    }

    /// What has happened in the shard there. A node that is asked later waits less.
    pub(super) fn changes_in(
        &self,
        place: Place,
        caller: Caller,
        changes: Changes,
    ) -> Answer<'_, ChangesPage> {
        self.ask(Errand::waiting(place, changes.wait), move |_, node, wait| {
            let (caller, changes) = (caller.clone(), Changes { wait, ..changes.clone() });
            Box::pin(async move { node.shards.changes(caller, changes).await })
        })
    }
}
