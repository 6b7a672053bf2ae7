//! Starting a node.

use super::folder::{FolderError, NodeFolder};
use super::groups::{Groups, group_of};
use super::place::Place;
use super::{Inner, Node, NodeService};
use crate::documents::{Engine, EngineOptions};
use crate::machine::{Generations, Machine};
use crate::proposer::Proposer;
use crate::raft::{Policy, RebuildPolicy, Supervisor};
use crate::reign;
use crate::shard::Shard;
use crate::store::{NodeStore, StoreError, StoreOptions};
use base::{NodeId, ShardId, SlotMap};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use vault::MasterKey;
use wal::{GroupId, Wal};

/// What a node is started with.
pub struct NodeOptions {
    /// Its folder; made if it is not there.
    pub folder: PathBuf,
    /// Where it stands.
    pub place: Place,
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
    /// It is the folder of another node.
    #[error("{folder} is the folder of node {node}, and this is to be node {given}: give each node its own")]
    OtherNode {
        /// The folder.
        folder: PathBuf,
        /// Whose it is.
        node: NodeId,
        /// Who was to be started in it.
        given: NodeId,
    },
    /// The place of snapshots on their way.
    #[error("the folder {folder} for snapshots on their way cannot be made")]
    Staging {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: io::Error,
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
        let NodeOptions { folder, place, wal, store, engine, policy } = options;
        let folder = NodeFolder::at(&folder)?;
        let page = folder.page(master.key().id(), || first_page(&place))?;
        let groups = Groups::of(place, page.clone(), &folder)?;
        if !groups.alone {
            folder.log_is_there(&page)?;
        }
        let (wal, damage) = open_log(&folder, wal)?;
        if !groups.alone {
            folder.log_has_begun(page)?;
        }
        if groups.alone && !damage.is_empty() {
            let damaged = damage.iter().map(|(group, what)| format!("shard {}: {what}", group.0));
            let damage = damaged.collect::<Vec<_>>().join("; ");
            return Err(NodeError::DamagedLog { folder: folder.wal(), damage });
        }
        let generations = Arc::new(Generations::default());
        let store_error = |source| NodeError::Store { folder: folder.store(), source };
        let store = NodeStore::open(&folder.store(), store).map_err(store_error)?;

        let mut machines = BTreeMap::new();
        for shard in groups.shards() {
            let opened = store.shard(shard).and_then(|store| Machine::open(store, generations.clone()));
            machines.insert(shard, Arc::new(opened.map_err(store_error)?));
        }
        let supervisor =
            Supervisor::start(groups.configs(&wal, &machines, &damage), of_place(policy, groups.alone));
        let engine = Arc::new(Engine::new(engine, master, generations.clone()));
        let followed = Arc::downgrade(&engine);
        generations.on_access_changed(Box::new(move |doc| {
            if let Some(engine) = followed.upgrade() {
                engine.live.access_changed(doc);
            }
        }));
        let (shards, tasks) = shards_of(groups.node, &supervisor, &engine, &wal, machines);
        if !groups.alone {
            for (id, shard) in &shards {
                shard.group.prefer_leader(groups.leader_of(*id).map(|node| node.0));
            }
        }
        let Groups { node, slots, .. } = groups;
        let service = NodeService { inner: Arc::new(Inner { node, slots, shards, engine, wal, store }) };
        Ok(Node { service, supervisor, tasks })
    }
}

/// How long a group of a cluster's node is left alone when it died too often.
const TRY_AGAIN: Duration = Duration::from_secs(5 * 60);

/// How groups are looked after. Where others have replicas nobody may notice that one is missing, so it is tried again; a
/// hub of one node does not serve without it, and whoever runs it looks what is wrong.
fn of_place(policy: Policy, alone: bool) -> Policy {
    let try_again = policy.rebuild.try_again.or((!alone).then_some(TRY_AGAIN));
    Policy { rebuild: RebuildPolicy { try_again, ..policy.rebuild }, ..policy }
}

/// Whose a new folder is.
fn first_page(place: &Place) -> (u64, SlotMap) {
    match place {
        Place::Alone { shards } => (1, SlotMap::even(*shards)),
        Place::Member(member) => (member.node.0, member.slots.clone()),
    }
}

/// The log, and what recovery found wrong with the log of a group.
fn open_log(
    folder: &NodeFolder,
    options: wal::Options,
) -> Result<(Wal, BTreeMap<GroupId, String>), NodeError> {
    let path = folder.wal();
    let (wal, recovery) = match Wal::open(&path, options) {
        Ok(opened) => opened,
        Err(source) => return Err(NodeError::Log { folder: path, source }),
    };
    for wal::Torn { file, offset, bytes, copy } in &recovery.torn {
        let (file, copy) = (file.display(), copy.display());
        tracing::warn!(%file, offset, bytes, %copy, "the log ended in a write that nobody was told of; it was cut");
    }
    let damaged = recovery.damaged.iter().map(|group| (group.group, group.what.to_string()));
    Ok((wal, damaged.collect()))
}

type Shards = BTreeMap<ShardId, Arc<Shard>>;

fn shards_of(
    node: NodeId,
    supervisor: &Supervisor<Machine>,
    engine: &Arc<Engine>,
    wal: &Wal,
    machines: BTreeMap<ShardId, Arc<Machine>>,
) -> (Shards, Vec<tokio::task::JoinHandle<()>>) {
    let mut tasks = Vec::new();
    let shards = machines.into_iter().filter_map(|(id, machine)| {
        let group = supervisor.group(group_of(id))?.clone();
        let (proposer, proposing) = Proposer::start(group.clone());
        let (present, keeping) = reign::keep(engine.clone(), id, node, group.clone());
        tasks.extend([proposing, keeping]);
        Some((id, Arc::new(Shard { id, node, group, machine, proposer, present, wal: wal.clone() })))
    });
    (shards.collect(), tasks)
}
