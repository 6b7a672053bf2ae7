//! Starting a node.

use super::folder::{FolderError, NodeFolder, Page};
use super::groups::{Ground, ReplicaError};
use super::held::Held;
use super::left::LeftPage;
use super::metrics::Written;
use super::place::{Member, Place, Replica};
use super::{Inner, Node, NodeService, select};
use crate::documents::{Engine, EngineOptions};
use crate::machine::Generations;
use crate::raft::{Founding, Network, Policy, RebuildPolicy, Supervisor};
use crate::store::{NodeStore, StoreError, StoreOptions};
use base::{NodeId, ShardId, SlotMap};
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
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
    /// One of its replicas.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
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
        let page = match &place {
            Place::Alone { .. } => page,
            Place::Member(member) => {
                is_of(&folder, &page, member.node)?;
                folder.belongs_to(page, member.cluster)?
            }
        };
        let Settled { node, slots, replicas, network, alone } = Settled::of(place, &page, &folder)?;
        if !alone {
            folder.log_is_there(&page)?;
        }
        let (wal, damage) = open_log(&folder, wal)?;
        if !alone {
            folder.log_has_begun(page)?;
        }
        if alone && !damage.is_empty() {
            let damaged = damage.iter().map(|(group, what)| format!("shard {}: {what}", group.0));
            let damage = damaged.collect::<Vec<_>>().join("; ");
            return Err(NodeError::DamagedLog { folder: folder.wal(), damage });
        }
        let generations = Arc::new(Generations::default());
        let store_error = |source| NodeError::Store { folder: folder.store(), source };
        let store = NodeStore::open(&folder.store(), store).map_err(store_error)?;
        let left = Arc::new(LeftPage::open(&folder)?);
        let ground =
            Arc::new(Ground { node, wal, store, generations: generations.clone(), network, damage, left });
        for shard in ground.left.uncleared() {
            ground.finish_clearing(shard).await?;
        }

        let mut configs = Vec::new();
        for (shard, replica) in replicas {
            let machine = ground.machine(shard).map_err(store_error)?;
            let config = ground.config(shard, &replica, machine).await.map_err(ReplicaError::Log)?;
            configs.push((shard, replica.leader, config));
        }
        let engine = Arc::new(Engine::new(engine, master, generations.clone()));
        let followed = Arc::downgrade(&engine);
        generations.on_access_changed(Box::new(move |doc| {
            if let Some(engine) = followed.upgrade() {
                engine.live.access_changed(doc);
            }
        }));
        let (wal, store) = (ground.wal.clone(), ground.store.clone());
        let (slots, held) = (RwLock::new(slots.map(Arc::new)), Held::default());
        let (selections, written) = (select::turns(), Written::default());
        let inner = Inner { node, slots, held, engine, wal, store, selections, written };
        let service = NodeService { inner: Arc::new(inner) };
        let supervisor = Supervisor::start(Vec::new(), of_place(policy, alone));
        let node = Node { service, supervisor, ground, alone, running: Mutex::default() };
        let mut running = node.running.lock().await;
        for (shard, leader, config) in configs {
            node.run(shard, leader, config, &mut running)?;
        }
        drop(running);
        Ok(node)
    }
}

/// Where a node stands, by its folder too.
struct Settled {
    node: NodeId,
    slots: Option<SlotMap>,
    replicas: BTreeMap<ShardId, Replica>,
    network: Network,
    /// No other node has a replica: what is damaged here is nowhere else.
    alone: bool,
}

impl Settled {
    /// What `place` asks for, in the folder of `page`.
    fn of(place: Place, page: &Page, folder: &NodeFolder) -> Result<Settled, NodeError> {
        let node = NodeId(page.node);
        let member = match place {
            Place::Alone { .. } => {
                let of_cluster = || FolderError::OfCluster { path: folder.root().to_owned() };
                let slots = page.slots.clone().ok_or_else(of_cluster)?;
                let replica = Replica { founding: Founding::alone(page.node), leader: node };
                let replicas = slots.shards().into_iter().map(|shard| (shard, replica.clone())).collect();
                let network = Network::alone(node);
                return Ok(Settled { node, slots: Some(slots), replicas, network, alone: true });
            }
            Place::Member(member) => member,
        };
        let Member { node: _, cluster: _, slots, replicas, peers, snapshot_bytes_per_second } = member;
        let staging = folder.snapshots();
        let network = Network::new(node, peers, &staging, snapshot_bytes_per_second);
        let network = network.map_err(|source| NodeError::Staging { folder: staging, source })?;
        Ok(Settled { node, slots, replicas, network, alone: false })
    }
}

/// Makes sure that a folder is that of a node.
fn is_of(folder: &NodeFolder, page: &Page, given: NodeId) -> Result<(), NodeError> {
    let node = NodeId(page.node);
    match node == given {
        true => Ok(()),
        false => Err(NodeError::OtherNode { folder: folder.root().to_owned(), node, given }),
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
fn first_page(place: &Place) -> (u64, Option<SlotMap>) {
    match place {
        Place::Alone { shards } => (1, Some(SlotMap::even(*shards))),
        Place::Member(member) => (member.node.0, None),
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
