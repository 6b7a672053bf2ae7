//! Starting a node.

use super::folder::{FolderError, NodeFolder, Page};
use super::{Inner, Node, NodeService};
use crate::documents::{Engine, EngineOptions};
use crate::machine::{Generations, Machine};
use crate::proposer::Proposer;
use crate::raft::{GroupConfig, Policy, Supervisor};
use crate::shard::Shard;
use crate::store::{NodeStore, StoreError, StoreOptions};
use base::{ShardId, SlotMap};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use vault::MasterKey;
use wal::{GroupId, Wal};

/// What a node is started with.
pub struct NodeOptions {
    /// Its folder; made if it is not there.
    pub folder: PathBuf,
    /// How many shards a new folder begins with. An old one keeps those that it has.
    pub shards: u32,
    /// The shared log.
    pub wal: wal::Options,
    /// The local store.
    pub store: StoreOptions,
    /// Open documents and caches.
    pub engine: EngineOptions,
    /// How groups are looked after.
    pub policy: Policy,
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Its folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Its log.
    #[error("the log in {folder} cannot be opened")]
    Log {
        /// Where it lies.
        folder: PathBuf,
        /// Why.
        source: wal::OpenError,
    },
    /// Parts of the log are damaged.
    #[error(
        "the log in {folder} is damaged: {damage}; nothing was changed. Look at it with: context-hub wal verify"
    )]
    DamagedLog {
        /// Where it lies.
        folder: PathBuf,
        /// What was found.
        damage: String,
    },
    /// Its store.
    #[error("the store in {folder} cannot be opened")]
    Store {
        /// Where it lies.
        folder: PathBuf,
        /// Why.
        source: StoreError,
    },
}

impl Node {
    /// Opens the folder and begins to start the shards. They serve when [`rpc::Health::ready`] says so.
    pub async fn start(options: NodeOptions, master: MasterKey) -> Result<Node, NodeError> {
        let NodeOptions { folder, shards, wal, store, engine, policy } = options;
        let folder = NodeFolder::at(&folder)?;
        let Page { node, slots, .. } = folder.page(master.key().id(), || (1, SlotMap::even(shards)))?;
        let wal = open_log(&folder, wal)?;
        let generations = Arc::new(Generations::default());
        let store_error = |source| NodeError::Store { folder: folder.store(), source };
        let store = NodeStore::open(&folder.store(), store).map_err(store_error)?;

        let mut machines = BTreeMap::new();
        for shard in slots.shards() {
            let opened = store.shard(shard).and_then(|store| Machine::open(store, generations.clone()));
            machines.insert(shard, Arc::new(opened.map_err(store_error)?));
        }
        let configs = machines
            .iter()
            .map(|(shard, machine)| GroupConfig::alone(group_of(*shard), node, wal.clone(), machine.clone()));
        let supervisor = Supervisor::start(configs.collect(), policy);
        let engine = Arc::new(Engine::new(engine, master, generations.clone()));
        let followed = Arc::downgrade(&engine);
        generations.on_access_changed(Box::new(move |doc| {
            if let Some(engine) = followed.upgrade() {
                engine.live.access_changed(doc);
            }
        }));
        let (shards, proposers) = shards_of(&supervisor, &wal, machines);
        let service = NodeService { inner: Arc::new(Inner { slots, shards, engine, wal, store }) };
        Ok(Node { service, supervisor, proposers })
    }
}

/// The group of a shard has its number.
fn group_of(shard: ShardId) -> GroupId {
    GroupId(shard.0)
}

fn open_log(folder: &NodeFolder, options: wal::Options) -> Result<Wal, NodeError> {
    let path = folder.wal();
    let (wal, recovery) = match Wal::open(&path, options) {
        Ok(opened) => opened,
        Err(source) => return Err(NodeError::Log { folder: path, source }),
    };
    for wal::Torn { file, offset, bytes, copy } in &recovery.torn {
        let (file, copy) = (file.display(), copy.display());
        tracing::warn!(%file, offset, bytes, %copy, "the log ended in a write that nobody was told of; it was cut");
    }
    if !recovery.damaged.is_empty() {
        let damaged = recovery.damaged.iter().map(|group| format!("shard {}: {}", group.group.0, group.what));
        let damage = damaged.collect::<Vec<_>>().join("; ");
        return Err(NodeError::DamagedLog { folder: path, damage });
    }
    Ok(wal)
}

type Shards = BTreeMap<ShardId, Arc<Shard>>;

fn shards_of(
    supervisor: &Supervisor<Machine>,
    wal: &Wal,
    machines: BTreeMap<ShardId, Arc<Machine>>,
) -> (Shards, Vec<tokio::task::JoinHandle<()>>) {
    let mut proposers = Vec::new();
    let shards = machines.into_iter().filter_map(|(id, machine)| {
        let group = supervisor.group(group_of(id))?.clone();
        let (proposer, task) = Proposer::start(group.clone());
        proposers.push(task);
        Some((id, Arc::new(Shard { id, group, machine, proposer, wal: wal.clone() })))
    });
    (shards.collect(), proposers)
}
