//! What is decided once for a cluster.

use super::{Checked, Invalid, REPLICAS_MAX};
use base::{ClusterId, SLOT_COUNT, SlotMap};
use serde::{Deserialize, Serialize};

/// What is decided once for a cluster, before anything is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterConfig {
    /// How many shards there are at first: 1 to [`base::SHARDS_MAX`] when a cluster is made. One of an earlier release may have
    /// more, up to one for each slot.
    pub shards: u32,
    /// How many replicas each shard has: 1 to 9. An even number survives no more than the odd one below it.
    pub replicas: u32,
    /// The name of the master key that seals the cluster's data: the first bytes of its digest. Every node has that key, or
    /// what one wrote another could not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master_key: Option<u64>,
    /// Which cluster this is. Whoever configures one need not say: [`crate::membership::Members::configure`] makes one up. A
    /// cluster of an earlier release has none before a node of this one starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterId>,
}

impl ClusterConfig {
    /// Whether this is what was written of a cluster before it had a name.
    pub(crate) fn was(&self, later: ClusterConfig) -> bool {
        later.cluster.is_some() && *self == ClusterConfig { cluster: None, ..later }
    }
}

impl Checked for ClusterConfig {
    fn check(&self) -> Result<(), Invalid> {
        match self {
            config if !(1..=u32::from(SLOT_COUNT)).contains(&config.shards) => {
                Err(Invalid("a cluster has 1 to 16384 shards"))
            }
            config if !(1..=REPLICAS_MAX as u32).contains(&config.replicas) => {
                Err(Invalid("a shard has 1 to 9 replicas"))
            }
            _ => Ok(()),
        }
    }
}

impl Checked for SlotMap {
    /// What reading a map checks is all that there is to check.
    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }
}

/// Who is the controller. The revision at which this came to be is its fencing token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControllerRecord {
    /// The name of its process, for people.
    pub name: String,
}

impl Checked for ControllerRecord {
    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }
}

/// The next id that was never given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NextId {
    pub next: u64,
}

impl Checked for NextId {
    fn check(&self) -> Result<(), Invalid> {
        match self.next {
            0 | u64::MAX => Err(Invalid("ids are between 1 and 2^64 - 2")),
            _ => Ok(()),
        }
    }
}
