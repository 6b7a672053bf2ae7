//! A node that can be crashed and comes back from what its disk kept.

use super::net::{Net, Port};
use crate::raft::{
    Founding, GroupConfig, GroupHandle, MemoryMachine, Network, Policy, Position, RebuildPolicy,
    StateMachine, Supervisor,
};
use base::NodeId;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use wal::disk::SimDisk;
use wal::{GroupId, Options, Wal};

pub const GROUP: GroupId = GroupId(1);

/// A node that runs.
pub struct Node {
    net: Arc<Net>,
    port: Arc<Port>,
    pub disk: SimDisk,
    pub machine: Arc<MemoryMachine>,
    pub network: Network,
    pub wal: Wal,
    supervisor: Supervisor<MemoryMachine>,
    group: GroupHandle<MemoryMachine>,
    _staging: TempDir,
}

/// What is left of a node that does not run.
pub struct Remains {
    pub disk: SimDisk,
    pub machine: Arc<MemoryMachine>,
}

impl Remains {
    pub fn nothing() -> Remains {
        Remains { disk: SimDisk::new(), machine: Arc::default() }
    }
}

/// How a node is started.
pub struct Start {
    pub founding: Founding,
    pub damage: Option<String>,
    pub holds_still: bool,
    pub promised: Option<Position>,
}

impl Start {
    pub fn join() -> Start {
        Start { founding: Founding::Join, damage: None, holds_still: true, promised: None }
    }
}

fn policy() -> Policy {
    let rebuild = RebuildPolicy { first_pause: Duration::from_millis(10), ..RebuildPolicy::default() };
    Policy { rebuild, ..Policy::default() }
}

impl Node {
    pub fn start(id: u64, net: &Arc<Net>, remains: Remains, start: Start) -> Node {
        let Remains { disk, machine } = remains;
        let options = Options { segment_bytes: 1 << 20, reserve_bytes: 0, ..Options::default() };
        let (wal, _) = Wal::open_on(Arc::new(disk.clone()), options).unwrap();
        let staging = tempfile::tempdir().unwrap();
        let port: Arc<Port> = net.of(id);
        let network = Network::new(NodeId(id), port.clone(), staging.path(), u64::MAX).unwrap();
        let network = if start.holds_still { network } else { network.without_start_delay() };
        let config = GroupConfig {
            group: GROUP,
            node: id,
            wal: wal.clone(),
            damage: start.damage,
            machine: machine.clone(),
            founding: start.founding,
            promised: start.promised,
            network: network.clone(),
        };
        let supervisor = Supervisor::start(vec![config], policy());
        let group = supervisor.group(GROUP).unwrap();
        net.up(&port, Arc::new(supervisor.replicas(NodeId(id))));
        Node { net: net.clone(), port, disk, machine, network, wal, supervisor, group, _staging: staging }
    }

    pub fn group(&self) -> &GroupHandle<MemoryMachine> {
        &self.group
    }

    pub fn supervisor(&self) -> &Supervisor<MemoryMachine> {
        &self.supervisor
    }

    /// What a power cut leaves: of the disk what was synced and what chance kept, of the machine what it made durable.
    pub fn after_power_cut(&self, seed: u64) -> Remains {
        self.net.down(&self.port);
        Remains { disk: self.disk.after_power_cut(seed), machine: Arc::new(self.machine.after_power_cut()) }
    }

    /// What is left when the process is killed: all that was written, and all that was applied.
    pub fn after_kill(&self) -> Remains {
        self.net.down(&self.port);
        let disk = self.disk.snapshot();
        // Nothing was applied yet if there is no snapshot.
        drop(self.machine.snapshot());
        Remains { disk, machine: Arc::new(self.machine.after_power_cut()) }
    }

    /// Ends what still runs. What it writes on its way is not in what was left.
    pub async fn stop(self) {
        self.net.down(&self.port);
        self.supervisor.shutdown().await;
        tokio::task::block_in_place(|| self.wal.close());
    }
}
