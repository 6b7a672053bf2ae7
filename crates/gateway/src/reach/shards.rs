//! The seam of requests.

use super::errand::{Errand, Place};
use super::map::Node;
use super::router::Call;
use super::{Reach, health};
use base::{DocId, NodeId, ShardId, Slot};
use rpc::{
    Access, Answer, Caller, Changes, ChangesPage, Compare, Comparison, Create, Delete, Export, Exported,
    Health, History, Import, List, Page, Read, Revision, Seen, Select, Selection, SetMetadata, Shards, Share,
    Versions, Write,
};
use std::time::Duration;

/// Where what concerns no document belongs.
pub(super) fn home(caller: &Caller) -> Place {
    Place::Slot(Slot::of_owner(&caller.tenant, &caller.user))
}

fn of(id: DocId) -> Place {
    Place::Slot(id.slot())
}

impl Reach {
    /// Asks whoever leads the errand's shard.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        mut errand: Errand,
        call: impl Fn(NodeId, Node, Duration) -> Call<T> + Send + Sync + 'static,
    ) -> Answer<'_, T> {
        Box::pin(async move { self.shared.router.ask(&mut errand, call).await })
    }
}

impl Shards for Reach {
    fn create(&self, caller: Caller, create: Create) -> Answer<'_, Seen> {
        self.ask(Errand::write(home(&caller)), move |_, node, _| {
            let (caller, create) = (caller.clone(), create.clone());
            Box::pin(async move { node.shards.create(caller, create).await })
        })
    }

    fn read(&self, caller: Caller, read: Read) -> Answer<'_, Seen> {
        // Only the leader knows the newest state; whoever names what is enough may hear it from any replica.
        let anyone = read.at_least.is_some();
        self.ask(Errand { anyone, ..Errand::read(of(read.id)) }, move |_, node, _| {
            let (caller, read) = (caller.clone(), read.clone());
            Box::pin(async move { node.shards.read(caller, read).await })
        })
    }

    /// Access is checked where the truth is, so that nothing can be said here without asking.
    fn peek(&self, _: &Caller, _: DocId) -> Option<Seen> {
        None
    }

    fn write(&self, caller: Caller, write: Write) -> Answer<'_, Seen> {
        self.ask(Errand::write(of(write.id)), move |_, node, _| {
            let (caller, write) = (caller.clone(), write.clone());
            Box::pin(async move { node.shards.write(caller, write).await })
        })
    }

    fn history(&self, caller: Caller, history: History) -> Answer<'_, Versions> {
        self.ask(Errand::read(of(history.id)), move |_, node, _| {
            let (caller, history) = (caller.clone(), history.clone());
            Box::pin(async move { node.shards.history(caller, history).await })
        })
    }

    fn compare(&self, caller: Caller, compare: Compare) -> Answer<'_, Comparison> {
        self.ask(Errand::read(of(compare.id)), move |_, node, _| {
            let (caller, compare) = (caller.clone(), compare.clone());
            Box::pin(async move { node.shards.compare(caller, compare).await })
        })
    }

    fn export(&self, caller: Caller, export: Export) -> Answer<'_, Exported> {
        self.ask(Errand::read(of(export.id)), move |_, node, _| {
            let (caller, export) = (caller.clone(), export.clone());
            Box::pin(async move { node.shards.export(caller, export).await })
        })
    }

    fn import(&self, caller: Caller, import: Import) -> Answer<'_, Seen> {
        self.ask(Errand::write(home(&caller)), move |_, node, _| {
            let (caller, import) = (caller.clone(), import.clone());
            Box::pin(async move { node.shards.import(caller, import).await })
        })
    }

    fn delete(&self, caller: Caller, delete: Delete) -> Answer<'_, Revision> {
        self.ask(Errand::write(of(delete.id)), move |_, node, _| {
            let (caller, delete) = (caller.clone(), delete.clone());
            Box::pin(async move { node.shards.delete(caller, delete).await })
        })
    }

    fn share(&self, caller: Caller, share: Share) -> Answer<'_, Access> {
        self.ask(Errand::write(of(share.id)), move |_, node, _| {
            let (caller, share) = (caller.clone(), share.clone());
            Box::pin(async move { node.shards.share(caller, share).await })
        })
    }

    fn set_metadata(&self, caller: Caller, set: SetMetadata) -> Answer<'_, Seen> {
        self.ask(Errand::write(of(set.id)), move |_, node, _| {
            let (caller, set) = (caller.clone(), set.clone());
            Box::pin(async move { node.shards.set_metadata(caller, set).await })
        })
    }

    fn access(&self, caller: Caller, id: DocId) -> Answer<'_, Access> {
        self.ask(Errand::read(of(id)), move |_, node, _| {
            let caller = caller.clone();
            Box::pin(async move { node.shards.access(caller, id).await })
        })
    }

    fn list(&self, caller: Caller, list: List) -> Answer<'_, Page> {
        self.list_in(caller, list)
    }

    fn select(&self, caller: Caller, select: Select) -> Answer<'_, Selection> {
        self.select_in(caller, select)
    }

    fn changes(&self, caller: Caller, changes: Changes) -> Answer<'_, ChangesPage> {
        self.changes_in(caller, changes)
    }

    fn shards(&self) -> Vec<ShardId> {
        self.shared.router.map.borrow().slots.as_ref().map(|slots| slots.shards()).unwrap_or_default()
    }

    fn shard_of(&self, id: DocId) -> Option<ShardId> {
        self.shared.router.map.borrow().shard_of(id.slot())
    }

    /// As the nodes said last.
    fn health(&self) -> Health {
        let nodes = self.shared.router.nodes.borrow().clone();
        health::sum(&self.shared.router.map.borrow(), nodes.values().map(|node| node.shards.health()))
    }

    /// A gateway that knows a map, and reaches a node, is of use whatever the shards do: one of them without a quorum is
    /// told to those who ask for it, and were all gateways taken out of service for it, the others would be gone, too.
    fn ready(&self) -> bool {
        let nodes = self.shared.router.nodes.borrow().clone();
        self.shared.router.map.borrow().slots.is_some() && nodes.values().any(Node::is_reached)
    }
}
