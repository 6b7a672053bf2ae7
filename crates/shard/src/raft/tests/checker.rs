//! What must hold whatever happens.

use super::world::{PATIENCE, World, command};
use crate::raft::{GroupHandle, MemoryMachine, ProposeError, Role};
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// The handles to all nodes that run, shared with who writes while nodes come and go.
pub type Handles = Arc<Mutex<BTreeMap<u64, GroupHandle<MemoryMachine>>>>;

pub fn handles(world: &World) -> Handles {
    Arc::new(Mutex::new(world.nodes.iter().map(|(&id, node)| (id, node.group().clone())).collect()))
}

/// What was acknowledged to writers.
#[derive(Default)]
pub struct Ledger {
    acknowledged: Mutex<BTreeMap<u64, Bytes>>,
    /// Proposed without a word of what became of it, or refused.
    refused: Mutex<BTreeSet<Bytes>>,
}

impl Ledger {
    pub fn len(&self) -> usize {
        self.acknowledged.lock().len()
    }

    pub fn acknowledge(&self, index: u64, command: Bytes) {
        let before = self.acknowledged.lock().insert(index, command);
        assert_eq!(before, None, "two commands were acknowledged at one place");
    }

    /// Writes until it is told to stop: each command at most once, unless it was certainly not done.
    pub async fn write(self: Arc<Self>, handles: Handles, writer: u32, stop: CancellationToken) {
        for number in 0.. {
            if stop.is_cancelled() {
                return;
            }
            self.write_one(&handles, command(writer, number), &stop).await;
            sleep(Duration::from_millis(2)).await;
        }
    }

    async fn write_one(&self, handles: &Handles, command: Bytes, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let leading = handles.lock().values().find(|group| group.leads_with_lease()).cloned();
            let Some(group) = leading else {
                sleep(Duration::from_millis(10)).await;
                continue;
            };
            let proposed = timeout(Duration::from_secs(3), group.propose_placed(vec![command.clone()])).await;
            match proposed {
                Ok(Ok(placed)) => return self.acknowledge(placed[0].position.index, command),
                Ok(Err(ProposeError::NotLeader { .. } | ProposeError::Stopped)) => {}
                Ok(Err(ProposeError::Unknown)) | Err(_) => return,
            }
        }
        // It was never done, so that it must not be there either.
        self.refused.lock().insert(command);
    }

    /// Nothing acknowledged is lost or at another place, nothing is applied twice, nothing refused is applied, and all
    /// nodes have applied the same.
    pub async fn check(&self, world: &World) {
        world.settle().await;
        let leader = world.leader().await;
        let whole = world.node(leader).machine.commands();
        for (&index, command) in &*self.acknowledged.lock() {
            assert_eq!(whole.get(&index), Some(command), "what was acknowledged at {index}");
        }
        let distinct: BTreeSet<_> = whole.values().collect();
        assert_eq!(distinct.len(), whole.len(), "a command was applied twice");
        assert!(self.refused.lock().iter().all(|command| !distinct.contains(command)));
        for (id, node) in &world.nodes {
            let commands = node.machine.commands();
            let shared = commands.len().min(whole.len());
            assert!(commands.iter().take(shared).eq(whole.iter().take(shared)), "node {id} differs");
        }
    }

    /// Writes one more and checks.
    pub async fn finish(self: Arc<Self>, world: &World) {
        let stop = CancellationToken::new();
        let handles = handles(world);
        let last = self.write_one(&handles, command(u32::MAX, 0), &stop);
        timeout(PATIENCE, last).await.expect("the group takes proposals again");
        self.check(world).await;
    }
}

/// Watches that no two nodes hold a lease at once, nor lead in one term.
pub struct Leases {
    stop: CancellationToken,
    watching: tokio::task::JoinHandle<()>,
}

impl Leases {
    pub fn watch(handles: Handles) -> Leases {
        let stop = CancellationToken::new();
        let watching = tokio::spawn({
            let stop = stop.clone();
            async move {
                let mut leaders = BTreeMap::new();
                while !stop.is_cancelled() {
                    let groups = handles.lock().clone();
                    for (&id, status) in groups.iter().filter_map(|(id, it)| Some((id, it.status()?))) {
                        if status.role == Role::Leader {
                            let leader = *leaders.entry(status.term).or_insert(id);
                            assert_eq!(leader, id, "two leaders in term {}", status.term);
                        }
                    }
                    assert!(!two_hold(&groups), "two leases at once: {:?}", groups.keys());
                    sleep(Duration::from_millis(1)).await;
                }
            }
        });
        Leases { stop, watching }
    }

    pub async fn check(self) {
        self.stop.cancel();
        self.watching.await.unwrap();
    }
}

/// Whether one node holds a lease before and after another was seen to hold one.
fn two_hold(groups: &BTreeMap<u64, GroupHandle<MemoryMachine>>) -> bool {
    let Some((first, held)) = groups.iter().find(|(_, group)| group.leads_with_lease()) else { return false };
    let other = groups.iter().any(|(id, group)| id != first && group.leads_with_lease());
    other && held.leads_with_lease()
}
