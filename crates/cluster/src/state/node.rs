//! What is known of a node.

use super::{Checked, Invalid};
use base::{NodeId, ShardId};
use serde::{Deserialize, Serialize};

/// The longest name, zone or address, in bytes.
const TEXT_BYTES_MAX: usize = 255;
/// The most that a node can carry, compared with one of capacity 1.
const CAPACITY_MAX: u32 = 1_000_000;

/// Whether a node takes replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// It takes replicas.
    Up,
    /// It gives its replicas away and takes none. It stays so through restarts.
    Draining,
}

/// What a node says of itself when it joins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// What people call it: the name of its machine or pod.
    pub name: String,
    /// What fails together with it. Empty where there are no zones.
    pub zone: String,
    /// How much it can carry, compared with others: 1 to 1,000,000.
    pub capacity: u32,
    /// Where other nodes and gateways reach it: host and port.
    pub address: String,
    /// The shard that it would like to lead. Counts when everything is placed for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefers: Option<ShardId>,
    /// Whether its folder held replicas when it joined. Where one does, nothing is placed for the first time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub holds_data: bool,
}

/// A node of the cluster, whether it runs or not. It stays until somebody removes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// Which.
    pub id: NodeId,
    /// How many times it has been started. Of two processes with one id, the higher is the one.
    pub incarnation: u64,
    /// Whether it takes replicas.
    pub state: NodeState,
    /// What it said of itself.
    #[serde(flatten)]
    pub spec: NodeSpec,
}

/// That a node runs. It is bound to a lease of the node and goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alive {
    /// Which start of the node runs.
    pub incarnation: u64,
}

/// That a node was removed, which it is to hear whenever it asks. Without it a node that is not known is one that was forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// What it was called, for people.
    pub name: String,
}

impl Checked for NodeSpec {
    fn check(&self) -> Result<(), Invalid> {
        let is_text = |text: &str| text.len() <= TEXT_BYTES_MAX && text.chars().all(|c| c.is_ascii_graphic());
        match self {
            spec if spec.name.is_empty() => Err(Invalid("a node has a name")),
            spec if spec.address.is_empty() => Err(Invalid("a node has an address")),
            spec if ![&spec.name, &spec.zone, &spec.address].into_iter().all(|text| is_text(text)) => Err(
                Invalid("name, zone and address are at most 255 printable ASCII characters without blanks"),
            ),
            spec if !(1..=CAPACITY_MAX).contains(&spec.capacity) => {
                Err(Invalid("the capacity of a node is between 1 and 1000000"))
            }
            _ => Ok(()),
        }
    }
}

impl Checked for NodeRecord {
    fn check(&self) -> Result<(), Invalid> {
        self.spec.check()
    }
}

impl Checked for Removed {
    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }
}

impl Checked for Alive {
    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }
}
