//! A node for tests: a folder, its shared log, and groups on machines that outlive a restart if the test wants it.

use bytes::Bytes;
use shard::raft::{GroupConfig, GroupHandle, Policy, StateMachine, Supervisor};
use std::path::Path;
use std::sync::Arc;
use wal::{GroupId, Options, Wal};

pub struct Node<M: StateMachine> {
    wal: Wal,
    supervisor: Supervisor<M>,
}

impl<M: StateMachine> Node<M> {
    /// Begins to start one group a machine.
    pub fn begin(folder: &Path, machines: &[Arc<M>], policy: Policy) -> Node<M> {
        let options = Options { segment_bytes: 1 << 20, ..Options::default() };
        let (wal, _) = Wal::open(folder, options).unwrap();
        let groups = machines.iter().enumerate().map(|(number, machine)| {
            GroupConfig::alone(GroupId(number as u32), 7, wal.clone(), machine.clone())
        });
        Node { supervisor: Supervisor::start(groups.collect(), policy), wal }
    }

    /// Starts one group a machine, and waits until this node leads them all.
    pub async fn start(folder: &Path, machines: &[Arc<M>]) -> Node<M> {
        let node = Node::begin(folder, machines, Policy::default());
        for group in node.supervisor.groups() {
            assert!(group.until_leading().await);
        }
        node
    }

    pub fn group(&self, number: u32) -> GroupHandle<M> {
        self.supervisor.group(GroupId(number)).unwrap().clone()
    }

    pub async fn stop(self) {
        self.supervisor.shutdown().await;
        self.wal.close();
    }
}

/// A command that can be told from all others.
pub fn command(writer: u32, number: u32) -> Bytes {
    Bytes::from(format!("{writer}/{number}"))
}
