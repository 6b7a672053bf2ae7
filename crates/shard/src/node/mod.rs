//! A node: its shards, and what it answers to gateways.

mod audit;
mod create;
mod delete;
mod feed;
mod folder;
mod groups;
mod held;
mod import;
mod led;
mod left;
mod list;
mod live;
mod metadata;
mod metrics;
mod moving;
mod past;
mod place;
mod read;
mod replicas;
mod select;
mod share;
mod start;
mod ticket;
mod write;

pub use audit::{DigestError, ShardDigest};
pub use folder::{FolderError, Owner, owner_of_folder};
pub use groups::ReplicaError;
pub use led::Led;
pub use place::{Member, Place, Replica};
pub use start::{NodeError, NodeOptions};

use crate::documents::{Engine, Fault, WorkLost, unavailable};
use crate::fair::FairSemaphore;
use crate::machine::Machine;
use crate::raft::Supervisor;
use crate::shard::Shard;
use crate::store::{DocKey, NodeStore};
use base::{DocId, NodeId, ShardId, Slot, SlotMap};
use groups::Ground;
use held::Held;
use parking_lot::RwLock;
use replicas::Running;
use rpc::RaftReplicas;
use rpc::{
    Access, Answer, Caller, Changes, ChangesPage, Compare, Comparison, Create, Delete, Export, Exported,
    Health, History, Import, List, Page, Read, Refusal, Revision, Seen, Select, Selection, SetMetadata,
    Shards, Share, Versions, Write,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use wal::{Room, Wal};

/// What gateways ask. Cheap to clone; the node itself is stopped by [`Node::stop`].
#[derive(Clone)]
pub struct NodeService {
    inner: Arc<Inner>,
}

struct Inner {
    node: NodeId,
    slots: RwLock<Option<Arc<SlotMap>>>,
    held: Held,
    engine: Arc<Engine>,
    wal: Wal,
    store: NodeStore,
    /// Turns of selections.
    selections: Arc<FairSemaphore>,
    /// The figures of shards that were written last.
    written: metrics::Written,
}

/// A running node.
pub struct Node {
    service: NodeService,
    supervisor: Supervisor<Machine>,
    ground: Arc<Ground>,
    /// No other node has a replica.
    alone: bool,
    /// Held while a replica comes or goes: one after the other.
    running: Mutex<Running>,
}

impl Node {
    /// What gateways ask.
    pub fn service(&self) -> NodeService {
        self.service.clone()
    }

    /// Who this node is.
    pub fn id(&self) -> NodeId {
        self.service.inner.node
    }

    /// What the transport hands the messages of other nodes to.
    pub fn replicas(&self) -> Arc<dyn RaftReplicas> {
        Arc::new(self.supervisor.replicas(self.service.inner.node))
    }

    /// Where the shards stand that this node leads, by what it knows.
    pub fn led(&self) -> Vec<Led> {
        self.service.led()
    }

    /// Says which shard holds which slot, from now on. A map that is older than the one that is known changes nothing.
    pub fn set_slots(&self, slots: SlotMap) {
        let mut known = self.service.inner.slots.write();
        if known.as_ref().is_none_or(|known| known.version() < slots.version()) {
            *known = Some(Arc::new(slots));
        }
    }

    /// Lets others lead what this node leads, before it stops. Takes `limit` at most; a shard that nobody took over is
    /// without a leader until the others elect one.
    pub async fn give_way(&self, limit: Duration) {
        self.supervisor.give_way(limit).await;
    }

    /// Stops: edits that are made are finished and those that wait refused, the groups end, and the log is flushed and
    /// closed, in this order.
    ///
    /// The gateways have let go of the service and of all sessions by then, which hold the store and the log; what they
    /// still ask is refused.
    pub async fn stop(self) {
        let Node { service, supervisor, ground, alone: _, running } = self;
        let engine = service.inner.engine.clone();
        engine.stopping.cancel();
        engine.tasks.close();
        if tokio::time::timeout(EDITS_END_WITHIN, engine.tasks.wait()).await.is_err() {
            tracing::warn!("edits under way are given up; none of them was acknowledged");
        }
        // A group that waits for a log that has stopped is let go when the log closes.
        if tokio::time::timeout(GROUPS_END_WITHIN, supervisor.shutdown()).await.is_err() {
            tracing::warn!("groups did not end in time; what was acknowledged is in the log");
        }
        let wal = service.inner.wal.clone();
        if let Err(error) = service.inner.store.make_durable() {
            tracing::warn!(%error, "the store was not flushed; the log will be applied again");
        }
        drop((service, ground));
        replicas::end(running.into_inner()).await;
        tokio::task::block_in_place(|| wal.close());
    }
}

/// How long the groups may take to end.
const GROUPS_END_WITHIN: Duration = Duration::from_secs(1);

/// How long edits that are on their way into the log may take to end when the node stops.
const EDITS_END_WITHIN: Duration = Duration::from_secs(2);

impl Inner {
    /// The shard that holds a slot, if it has a replica here.
    fn shard_of(&self, slot: Slot) -> Result<Arc<Shard>, Refusal> {
        let slots = self.slots.read().clone();
        let unknown =
            || unavailable(ShardId(0), "this node was not told yet which shard holds what".to_owned());
        let id = slots.ok_or_else(unknown)?.shard_of(slot);
        self.held.get(id).ok_or(Refusal::Elsewhere { shard: id, leader: None })
    }

    /// A shard that a request names. One that is not here is with others: who names it has another map.
    fn shard(&self, id: ShardId) -> Result<Arc<Shard>, Refusal> {
        self.held.get(id).ok_or(Refusal::Elsewhere { shard: id, leader: None })
    }

    fn shard_of_document(&self, id: DocId) -> Result<Arc<Shard>, Refusal> {
        self.shard_of(id.slot())
    }

    /// Does a piece of work that waits for the disk or computes.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let done: Result<_, WorkLost> = self.engine.workers.run(work).await;
        done.map_err(|lost| Refusal::from(Fault::from(lost)))?
    }
}

fn doc_key(caller: &Caller, id: DocId) -> DocKey {
    DocKey { tenant: caller.tenant.clone(), id }
}

impl NodeService {
    /// Waits until the local store cannot be written any more, and says why. The node must be stopped then, and started
    /// again; nothing that was acknowledged is lost, because it is in the log.
    pub async fn store_failed(&self) -> String {
        self.inner.store.failed().await
    }
}

impl Shards for NodeService {
    fn create(&self, caller: Caller, create: Create) -> Answer<'_, Seen> {
        Box::pin(self.inner.create(caller, create))
    }

    fn read(&self, caller: Caller, read: Read) -> Answer<'_, Seen> {
        Box::pin(self.inner.read(caller, read))
    }

    fn peek(&self, caller: &Caller, id: DocId) -> Option<Seen> {
        self.inner.peek(caller, id)
    }

    fn write(&self, caller: Caller, write: Write) -> Answer<'_, Seen> {
        Box::pin(self.inner.write(caller, write))
    }

    fn history(&self, caller: Caller, history: History) -> Answer<'_, Versions> {
        Box::pin(self.inner.history(caller, history))
    }

    fn compare(&self, caller: Caller, compare: Compare) -> Answer<'_, Comparison> {
        Box::pin(self.inner.compare(caller, compare))
    }

    fn export(&self, caller: Caller, export: Export) -> Answer<'_, Exported> {
        Box::pin(self.inner.export(caller, export))
    }

    fn import(&self, caller: Caller, import: Import) -> Answer<'_, Seen> {
        Box::pin(self.inner.import(caller, import))
    }

    fn delete(&self, caller: Caller, delete: Delete) -> Answer<'_, Revision> {
        Box::pin(self.inner.delete(caller, delete))
    }

    fn share(&self, caller: Caller, share: Share) -> Answer<'_, Access> {
        Box::pin(self.inner.share(caller, share))
    }

    fn set_metadata(&self, caller: Caller, set: SetMetadata) -> Answer<'_, Seen> {
        Box::pin(self.inner.set_metadata(caller, set))
    }

    fn access(&self, caller: Caller, id: DocId) -> Answer<'_, Access> {
        Box::pin(self.inner.access(caller, id))
    }

    fn list(&self, caller: Caller, list: List) -> Answer<'_, Page> {
        Box::pin(self.inner.list(caller, list))
    }

    fn select(&self, caller: Caller, select: Select) -> Answer<'_, Selection> {
        Box::pin(self.inner.select(caller, select))
    }

    fn changes(&self, caller: Caller, changes: Changes) -> Answer<'_, ChangesPage> {
        Box::pin(self.inner.changes(caller, changes))
    }

    fn shards(&self) -> Vec<ShardId> {
        self.inner.slots.read().as_ref().map(|slots| slots.shards()).unwrap_or_default()
    }

    fn shard_of(&self, id: DocId) -> Option<ShardId> {
        let slots = self.inner.slots.read();
        slots.as_ref().map(|slots| slots.shard_of(id.slot()))
    }

    fn health(&self) -> Health {
        let shards = self.inner.held.all().values().map(|shard| shard.health()).collect();
        let disk_low = match self.inner.wal.room() {
            Room::Enough => None,
            Room::Low { spare } => Some(spare),
        };
        Health { shards, disk_low }
    }
}
