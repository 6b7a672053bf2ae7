//! Which groups a node has, and how each begins.

use super::NodeError;
use super::folder::{NodeFolder, Page};
use super::place::{Member, Place, Replica};
use crate::machine::Machine;
use crate::raft::{Founding, GroupConfig, Network};
use base::{NodeId, ShardId, SlotMap};
use std::collections::BTreeMap;
use std::sync::Arc;
use wal::{GroupId, Wal};

/// The groups of a node.
pub(super) struct Groups {
    pub(super) node: NodeId,
    pub(super) slots: SlotMap,
    replicas: BTreeMap<ShardId, Replica>,
    network: Network,
    /// No other node has a replica: what is damaged here is nowhere else.
    pub(super) alone: bool,
}

/// The group of a shard has its number.
pub(super) fn group_of(shard: ShardId) -> GroupId {
    GroupId(shard.0)
}

impl Groups {
    /// What `place` asks for, in the folder of `page`.
    pub(super) fn of(place: Place, page: Page, folder: &NodeFolder) -> Result<Groups, NodeError> {
        let node = NodeId(page.node);
        let member = match place {
            Place::Alone { .. } => {
                let replica = Replica { founding: Founding::alone(page.node), leader: node };
                let replicas = page.slots.shards().into_iter().map(|shard| (shard, replica.clone()));
                let (replicas, network) = (replicas.collect(), Network::alone(node));
                return Ok(Groups { node, slots: page.slots, replicas, network, alone: true });
            }
            Place::Member(member) => member,
        };
        let Member { node: given, slots, replicas, peers, snapshot_bytes_per_second } = member;
        if given != node {
            return Err(NodeError::OtherNode { folder: folder.root().to_owned(), node, given });
        }
        let staging = folder.snapshots();
        let network = Network::new(node, peers, &staging, snapshot_bytes_per_second);
        let network = network.map_err(|source| NodeError::Staging { folder: staging, source })?;
        Ok(Groups { node, slots, replicas, network, alone: false })
    }

    /// The shards that have a replica here.
    pub(super) fn shards(&self) -> impl Iterator<Item = ShardId> {
        self.replicas.keys().copied()
    }

    /// The node that should lead a shard.
    pub(super) fn leader_of(&self, shard: ShardId) -> Option<NodeId> {
        self.replicas.get(&shard).map(|replica| replica.leader)
    }

    /// What the groups are made of. `damage` is what recovery found wrong with the log of one.
    pub(super) fn configs(
        &self,
        wal: &Wal,
        machines: &BTreeMap<ShardId, Arc<Machine>>,
        damage: &BTreeMap<GroupId, String>,
    ) -> Vec<GroupConfig<Machine>> {
        let config = |(shard, machine): (&ShardId, &Arc<Machine>)| {
            let Replica { founding, .. } = self.replicas.get(shard)?;
            let group = group_of(*shard);
            Some(GroupConfig {
                group,
                node: self.node.0,
                wal: wal.clone(),
                damage: damage.get(&group).cloned(),
                machine: machine.clone(),
                founding: founding.clone(),
                network: self.network.clone(),
            })
        };
        machines.iter().filter_map(config).collect()
    }
}
