//! What the groups of a node share to reach the replicas on other nodes.

mod append;
#[cfg(test)]
mod append_tests;
mod connection;
pub(super) mod failure;
mod nobody;

pub(super) use connection::{Connection, Connections};

use super::snapshot::{Sending, Throttle};
use base::NodeId;
use rpc::RaftPeers;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// So many snapshots a node sends at once, and so many it takes in: each costs a disk and a link.
const SNAPSHOTS_AT_ONCE: usize = 2;

/// The way to the other nodes, and what it may cost. Clones share it.
#[derive(Clone)]
pub struct Network(pub(super) Arc<Shared>);

pub(super) struct Shared {
    /// This node.
    pub(super) node: u64,
    pub(super) peers: Arc<dyn RaftPeers>,
    /// Where snapshots lie while they are sent and taken in.
    pub(super) staging: PathBuf,
    pub(super) throttle: Throttle,
    pub(super) outgoing: Semaphore,
    pub(super) incoming: Semaphore,
    /// Held while the state of a group is hashed: one at a time.
    pub(super) hashing: Arc<Semaphore>,
    /// Snapshots on their way to others: the log behind them must stay.
    pub(super) sending: Sending,
    /// Whether groups keep the rule of the start: true but where a drill is to catch its absence.
    pub(super) holds_still: bool,
}

/// Whether the drill of a restart during an isolation asked for groups that vote as soon as they start.
#[cfg(feature = "unsafe-skip-start-delay")]
fn start_delay_is_skipped() -> bool {
    std::env::var_os("CONTEXT_HUB_UNSAFE_SKIP_START_DELAY").is_some_and(|value| value == "1")
}

/// A node that ships always holds still.
#[cfg(not(feature = "unsafe-skip-start-delay"))]
const fn start_delay_is_skipped() -> bool {
    false
}

impl Network {
    /// The network of a node. `staging` is a folder of its own, made if it is not there and emptied: what an earlier
    /// process left in it was never finished. Snapshots go out at `snapshot_bytes_per_second` in all.
    ///
    /// Errors: the folder cannot be made or emptied.
    pub fn new(
        node: NodeId,
        peers: Arc<dyn RaftPeers>,
        staging: &Path,
        snapshot_bytes_per_second: u64,
    ) -> io::Result<Network> {
        match std::fs::remove_dir_all(staging) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => std::fs::create_dir_all(staging)?,
        }
        Ok(Network::over(node.0, peers, staging.to_owned(), snapshot_bytes_per_second))
    }

    /// The network of a node that has no others. It sends nothing, so that it stages nothing.
    pub fn alone(node: NodeId) -> Network {
        Network::over(node.0, Arc::new(nobody::Nobody), PathBuf::new(), u64::MAX)
    }

    fn over(node: u64, peers: Arc<dyn RaftPeers>, staging: PathBuf, bytes_per_second: u64) -> Network {
        Network(Arc::new(Shared {
            node,
            peers,
            staging,
            throttle: Throttle::new(bytes_per_second),
            outgoing: Semaphore::new(SNAPSHOTS_AT_ONCE),
            incoming: Semaphore::new(SNAPSHOTS_AT_ONCE),
            hashing: Arc::new(Semaphore::new(1)),
            sending: Sending::default(),
            holds_still: !start_delay_is_skipped(),
        }))
    }

    /// The same network for groups that break the rule of the start.
    #[cfg(test)]
    pub(super) fn without_start_delay(self) -> Network {
        let mut shared = Arc::into_inner(self.0).expect("nobody else has it yet");
        shared.holds_still = false;
        Network(Arc::new(shared))
    }

    /// Sets the pace of all snapshots that this node sends, from the next piece on. At least one byte a second.
    pub fn limit_snapshots(&self, bytes_per_second: u64) {
        self.0.throttle.set(bytes_per_second);
    }
}
