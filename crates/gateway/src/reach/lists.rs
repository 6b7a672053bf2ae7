//! What is asked of one shard, whoever's documents are in it.

use super::Reach;
use super::errand::{Errand, Place};
use rpc::{Answer, Caller, Changes, ChangesPage, List, Page, Select, Selection};

impl Reach {
    /// A page of the documents of a shard.
    pub(super) fn list_in(&self, caller: Caller, list: List) -> Answer<'_, Page> {
        self.ask(Errand::read(Place::Shard(list.shard)), move |_, node, _| {
            let (caller, list) = (caller.clone(), list.clone());
            Box::pin(async move { node.shards.list(caller, list).await })
        })
    }

    /// The first documents of a shard, in some order.
    pub(super) fn select_in(&self, caller: Caller, select: Select) -> Answer<'_, Selection> {
        self.ask(Errand::read(Place::Shard(select.shard)), move |_, node, _| {
            let (caller, select) = (caller.clone(), select.clone());
            Box::pin(async move { node.shards.select(caller, select).await })
        })
    }

    /// What has happened in a shard. A node that is asked later waits less.
    pub(super) fn changes_in(&self, caller: Caller, changes: Changes) -> Answer<'_, ChangesPage> {
        self.ask(Errand::feed(Place::Shard(changes.shard), changes.wait), move |_, node, wait| {
            let (caller, changes) = (caller.clone(), Changes { wait, ..changes.clone() });
            Box::pin(async move { node.shards.changes(caller, changes).await })
        })
    }
}
